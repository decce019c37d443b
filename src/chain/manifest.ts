import type { JsonFragment } from 'ethers';
import { z } from 'zod';
import { CarelatticeError } from '../errors.ts';
import { fromHex, toHex } from '../hash/bytes.ts';
import type { Hex } from '../hash/bytes.ts';
import { keccak256 } from '../hash/keccak.ts';
import { headerCall, headerOf } from './blocks.ts';
import { hexOf } from './quantity.ts';
import { requireChainId, sendAll } from './rpc.ts';
import type { Rpc, RpcOptions } from './rpc.ts';

const hexOfBytes = (bytes: number) =>
  z.custom<Hex>(
    (value) => typeof value === 'string' && new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`).test(value),
    `lower-case hex of ${bytes} bytes`,
  );

const isFragment = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

const deployedContract = z.strictObject({
  address: hexOfBytes(20),
  abi: z.array(z.custom<JsonFragment>(isFragment, 'a fragment of an ABI')),
  /** keccak256 of the code at the address, immutables included. */
  bytecodeHash: hexOfBytes(32),
});

const seconds = z.int().positive();

const finality = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('instant') }),
  z.strictObject({ kind: z.literal('depth'), blocks: z.int().positive() }),
  z.strictObject({ kind: z.literal('tag'), tag: z.enum(['finalized', 'safe']) }),
]);

const NETWORK_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** A network's name is a file name, too. @throws `BadNetworkName` */
export function requireNetworkName(name: string): void {
  if (NETWORK_NAME.test(name)) return;
  throw new CarelatticeError(
    'BadNetworkName',
    'a network is named with lower-case letters, digits and hyphens, at most 63',
    { facts: { name: name.slice(0, 80) } },
  );
}

/** Chain ids on which the profile `local` (loopback addresses, small quorums) is allowed. */
export const isLocalChainId = (chainId: number): boolean =>
  chainId === 1337 || chainId === 31337 || (chainId > 1000 && chainId <= 1016);

/** What everybody must know of a deployed network; a file `deployments/<name>.json`. */
export const manifestSchema = z
  .strictObject({
    name: z.string().regex(NETWORK_NAME, 'lower-case letters, digits and hyphens'),
    profile: z.enum(['local', 'production']),
    federationId: hexOfBytes(32),
    networkId: hexOfBytes(32),
    chainId: z.int().positive(),
    rpcUrls: z.array(z.url({ protocol: /^https?$/ })).default([]),
    /** First block that can hold an event of the network. */
    deployBlock: z.int().nonnegative(),
    genesisHash: hexOfBytes(32),
    finality,
    contracts: z.strictObject({
      Consortium: deployedContract,
      AccessManager: deployedContract,
      NodeRegistry: deployedContract,
      PatientRegistry: deployedContract,
      ConsentRegistry: deployedContract,
      AccessLedger: deployedContract,
      RecordExchange: deployedContract,
      RecordLocator: deployedContract,
    }),
    /** Accounts of the consortium's founding members, ascending; `threshold` of them sign a proposal. */
    members: z.array(hexOfBytes(20)).min(1),
    threshold: z.int().positive(),
    /** Of block time, as the contracts were deployed with. */
    windows: z.strictObject({
      roundSeconds: seconds,
      answerRounds: z.int().positive(),
      takeOverSeconds: seconds,
      forceSeconds: seconds,
      tagEpochSeconds: seconds,
      auditSeconds: seconds,
      admissionDelaySeconds: z.int().nonnegative(),
    }),
  })
  .refine(({ threshold, members }) => threshold <= members.length, {
    path: ['threshold'],
    error: 'more than there are members',
  })
  .refine(({ profile, chainId }) => profile !== 'local' || isLocalChainId(chainId), {
    path: ['profile'],
    error: 'the profile local is allowed on local chain ids only (1337, 31337, 1001 to 1016)',
  });

export type Manifest = z.infer<typeof manifestSchema>;

/** Checks a manifest read as JSON. @throws `BadManifest` naming each wrong field */
export function manifestOf(value: unknown, source: string): Manifest {
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new CarelatticeError(
    'BadManifest',
    'the manifest does not describe a network; deploy again',
    {
      facts: { source, wrong },
    },
  );
}

/**
 * Checks that the chain behind `rpc` is the one of the manifest and still holds its contracts.
 * @throws `WrongChain`, `StaleManifest`, `NoContractCode`, or an error of the transport
 */
export async function verifyManifest(manifest: Manifest, rpc: Rpc, options?: RpcOptions) {
  await requireChainId(rpc, manifest.chainId);
  const places = Object.entries(manifest.contracts);
  const [genesis, ...codes] = await sendAll(
    rpc,
    [
      headerCall(0),
      ...places.map(([, { address }]) => ({ method: 'eth_getCode', params: [address, 'latest'] })),
    ],
    options,
  );
  if (headerOf(genesis ?? null)?.hash !== manifest.genesisHash)
    throw stale(manifest, 'genesis block');
  for (const [index, [contract, { address, bytecodeHash }]] of places.entries()) {
    const code = hexOf(codes[index], 'eth_getCode');
    if (code === '0x') {
      throw new CarelatticeError(
        'NoContractCode',
        'there is no contract at the address of the manifest; deploy again',
        { facts: { network: manifest.name, contract, address } },
      );
    }
    if (bytecodeHashOf(code) !== bytecodeHash) throw stale(manifest, contract);
  }
}

/** How the manifest tells one code from another. */
export const bytecodeHashOf = (code: Hex): Hex => toHex(keccak256(fromHex(code)));

const stale = (manifest: Manifest, differs: string): CarelatticeError =>
  new CarelatticeError(
    'StaleManifest',
    'the chain was started anew or the contracts were replaced since this manifest was written; deploy again',
    { facts: { network: manifest.name, differs } },
  );
