import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { hexlify, id, randomBytes, TypedDataEncoder } from 'ethers';
import type { TypedDataField } from 'ethers';
import { network } from 'hardhat';
import type { TypedDataProbe } from '../../typechain-types/index.js';
import { CHAIN, FEDERATION, NETWORK, domain, typesOf } from './signing.ts';
import type { Signed } from './signing.ts';

type Message = Readonly<Record<string, unknown>>;

interface Vector {
  readonly name: string;
  readonly federationId: string;
  readonly message: Message;
  readonly digest: string;
}

// The vectors are committed files of this shape.
const vectorsIn = (file: string): readonly Vector[] =>
  JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8')) as Vector[];

const isRead = (name: string): name is Signed => Object.hasOwn(typesOf, name);

const fieldsOf = (name: Signed): readonly TypedDataField[] => Object.values(typesOf[name])[0] ?? [];

/** What the library makes of a message; the probe's functions are called like the structs. */
async function inSolidity(probe: TypedDataProbe, name: Signed, message: Message): Promise<unknown> {
  const given = fieldsOf(name).filter((field) => field.name !== 'chainId');
  const call = probe.getFunction(name.charAt(0).toLowerCase() + name.slice(1));
  return call.staticCall(...given.map((field) => message[field.name]));
}

const bytes = (length: number): string => hexlify(randomBytes(length));

/** A value of this type; every number of its full size. */
function anyOf(type: string): unknown {
  if (type === 'Call[]') {
    return [0, 1, 70].map((length) => ({ target: bytes(20), data: bytes(length) }));
  }
  if (type === 'PatientRow[]') {
    return [0, 1, 2].map(() => ({ networkId: bytes(32), patientId: bytes(32) }));
  }
  if (type === 'address') return bytes(20);
  if (type.startsWith('uint')) return BigInt(bytes(Number(type.slice(4)) / 8));
  return bytes(32);
}

describe('typed data in Solidity', () => {
  const vectors = vectorsIn('typedDataDigests.json');
  const names = Object.keys(typesOf).filter(isRead);

  for (const name of names) {
    it(`gives the digest of the vectors for ${name}`, async () => {
      const own = vectors.filter((vector) => vector.name === name);
      expect(own).to.not.have.length(0);
      for (const { message, federationId, digest } of own) {
        expect(
          TypedDataEncoder.hash({ ...domain, salt: federationId }, typesOf[name], message),
        ).to.equal(digest);
        // A chain cannot have the largest ids that a message can name.
        const named = BigInt(Number(message.chainId ?? CHAIN));
        const chainId = named < 2n ** 53n ? Number(named) : CHAIN;
        const { ethers } = await network.create({ network: 'edge', override: { chainId } });
        const probe = await ethers.deployContract('TypedDataProbe', [federationId]);
        expect(await inSolidity(probe, name, message)).to.equal(
          TypedDataEncoder.hash({ ...domain, salt: federationId }, typesOf[name], {
            ...message,
            chainId,
          }),
        );
      }
    });

    it(`gives the digest that ethers gives for any ${name}`, async () => {
      const { ethers } = await network.create('edge');
      const probe = await ethers.deployContract('TypedDataProbe', [FEDERATION]);
      for (let run = 0; run < 20; run++) {
        const message: Record<string, unknown> = {};
        for (const field of fieldsOf(name)) message[field.name] = anyOf(field.type);
        message['chainId'] = CHAIN;
        expect(await inSolidity(probe, name, message)).to.equal(
          TypedDataEncoder.hash(domain, typesOf[name], message),
        );
      }
    });
  }

  it('says its domain by ERC-5267: name, version and salt only', async () => {
    const { ethers } = await network.create('edge');
    const registry = await ethers.deployContract('NodeRegistry', [
      FEDERATION,
      NETWORK,
      id('manager').slice(0, 42),
      0,
      0,
    ]);
    const [fields, name, version, chainId, contract, salt, extensions] =
      await registry.eip712Domain();
    expect([fields, name, version, chainId, contract, salt]).to.deep.equal([
      '0x13',
      'Carelattice',
      '1',
      0n,
      ethers.ZeroAddress,
      FEDERATION,
    ]);
    expect([...extensions]).to.deep.equal([]);
    expect(await registry.domainSeparator()).to.equal(TypedDataEncoder.hashDomain(domain));
  });

  it('hostile 26: refuses a federation or a network that is zero', async () => {
    const { ethers } = await network.create('edge');
    const factory = await ethers.getContractFactory('NodeRegistry');
    const manager = id('manager').slice(0, 42);
    for (const ids of [
      [ethers.ZeroHash, NETWORK],
      [FEDERATION, ethers.ZeroHash],
    ] as const) {
      await expect(factory.deploy(...ids, manager, 0, 0)).to.be.revertedWithCustomError(
        factory,
        'ZeroIdentifier',
      );
    }
  });
});
