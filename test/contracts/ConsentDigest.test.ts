import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { network } from 'hardhat';
import { fromHex, toHex } from '../../src/hash/bytes.ts';
import type { Hex } from '../../src/hash/bytes.ts';
import { fieldsOf, isStructName, structHashOf, typedDigest } from '../../src/wire/typedData.ts';
import type { MessageOf, StructName } from '../../src/wire/typedData.ts';

/** TypeScript and Solidity give the same digest for everything that is shown to `ConsentRegistry`. */

const SHOWN = ['Consent', 'Guardianship', 'Exception', 'NetworkScope'] as const;
type Shown = (typeof SHOWN)[number];
const PROBE = {
  Consent: 'consent',
  Guardianship: 'guardianship',
  Exception: 'exception_',
  NetworkScope: 'networkScope',
} as const;

interface Vector {
  readonly name: string;
  readonly federationId: Hex;
  readonly message: Readonly<Record<string, unknown>>;
  readonly digest: string;
}

// A committed file of this shape.
const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/typedDataDigests.json', import.meta.url), 'utf8'),
) as readonly Vector[];

const bytes = (length: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(toHex);

function anyOf(type: string): fc.Arbitrary<unknown> {
  if (type.endsWith('[]')) return fc.array(anyOf(type.slice(0, -2)), { maxLength: 4 });
  if (isStructName(type)) return anyMessage(type);
  if (type === 'string') return fc.string({ unit: 'grapheme', maxLength: 90 });
  if (type === 'address') return bytes(20);
  if (type === 'bytes32') return bytes(32);
  return fc.bigInt({ min: 0n, max: (1n << BigInt(type.slice(4))) - 1n });
}

const anyMessage = (name: StructName): fc.Arbitrary<Readonly<Record<string, unknown>>> =>
  fc.record(Object.fromEntries(fieldsOf(name).map(({ name: key, type }) => [key, anyOf(type)])));

async function probeOf(federationId: Hex) {
  const { ethers } = await network.create('edge');
  return ethers.deployContract('TypedDataProbe', [federationId]);
}

type Probe = Awaited<ReturnType<typeof probeOf>>;

/** As the contract sees it: of networks the hashes. */
async function inSolidity(
  probe: Probe,
  name: Shown,
  message: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { networks, ...rest } = message;
  // Made by `anyMessage`, or of a vector that ethers hashed.
  const scopes = networks as readonly MessageOf<'NetworkScope'>[] | undefined;
  const hashes = scopes?.map((scope) => toHex(structHashOf('NetworkScope', numbered(scope))));
  const args = hashes === undefined ? [rest] : [rest, hashes];
  return String(await probe.getFunction(PROBE[name]).staticCall(...args));
}

/** Vectors write numbers as texts. */
const numbered = (scope: MessageOf<'NetworkScope'>) => ({
  ...scope,
  chainId: BigInt(scope.chainId),
});

describe('ConsentDigest', () => {
  for (const name of SHOWN) {
    it(`gives the digest of the vectors for ${name}`, async () => {
      const own = vectors.filter((vector) => vector.name === name);
      expect(own).to.not.have.length(0);
      for (const { message, federationId, digest } of own) {
        expect(await inSolidity(await probeOf(federationId), name, message)).to.equal(digest);
      }
    });

    it(`gives the digest that TypeScript gives for any ${name}`, async function () {
      this.timeout(60_000);
      const federationId = toHex(fromHex(`0x${'07'.repeat(32)}`));
      const probe = await probeOf(federationId);
      await fc.assert(
        fc.asyncProperty(anyMessage(name), async (message) => {
          // Of the types that the struct has.
          const typed = message as unknown as MessageOf<Shown>;
          expect(await inSolidity(probe, name, message)).to.equal(
            toHex(typedDigest(name, federationId, typed)),
          );
        }),
        { numRuns: 60 },
      );
    });
  }
});
