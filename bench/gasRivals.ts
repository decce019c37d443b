import { createRequire } from 'node:module';
import {
  type JsonFragment,
  Signature,
  Wallet,
  ZeroAddress,
  ZeroHash,
  solidityPackedKeccak256,
} from 'ethers';
import { z } from 'zod';
import { toHex } from '../src/hash/bytes.ts';
import { type Figure, figure } from './figures.ts';
import { type Deployed, type GasChain, startGasChain } from './gasChain.ts';
import { contractOf, keyOf } from './gasNetwork.ts';
import type { CompiledContracts } from './productionContracts.ts';
import { seededBytes } from './seededBytes.ts';

/** The strongest public anchor contract, EAS of npm, and the usual slot per record, on the same chain. */

const RECORDS = 256;
const EAS = 'EAS 1.9.0 of npm, its own artifacts';
const SLOTS = 'contracts/mocks/SlotPerRecord.sol, same compiler and settings as ours';

export async function rivalFigures(contracts: CompiledContracts): Promise<readonly Figure[]> {
  const chain = await startGasChain(4);
  try {
    return [...(await easFigures(chain)), ...(await slotFigures(chain, contracts))];
  } finally {
    await chain.stop();
  }
}

const rival = (id: string, gas: number, unit: string, note: string): Figure =>
  figure(`rival.${id}`, gas, unit, null, note);

async function easFigures(chain: GasChain): Promise<Figure[]> {
  const random = seededBytes('EAS');
  const from = chain.accounts[1] ?? '0x';
  const registry = await chain.deploy(artifact('SchemaRegistry'), []);
  const eas = await chain.deploy(artifact('EAS'), [registry.address]);
  await chain.send(from, registry, 'register', ['bytes32 anchor', ZeroAddress, true]);

  // The first of all would pay for nothing that later ones do not; a second shows the steady state.
  await chain.send(from, eas, 'timestamp', [toHex(random(32))]);
  const timestamp = await chain.send(from, eas, 'timestamp', [toHex(random(32))]);
  const anchors = Array.from({ length: RECORDS }, () => toHex(random(32)));
  const many = await chain.send(from, eas, 'multiTimestamp', [anchors]);
  const attestation = () => ({
    recipient: ZeroAddress,
    expirationTime: 0,
    revocable: true,
    refUID: ZeroHash,
    data: toHex(random(32)),
    value: 0,
  });
  const attest = await chain.send(from, eas, 'attest', [{ schema: SCHEMA, data: attestation() }]);
  await chain.send(from, eas, 'attestByDelegation', [
    await delegated(chain, eas, attestation(), 0),
  ]);
  const byDelegation = await chain.send(from, eas, 'attestByDelegation', [
    await delegated(chain, eas, attestation(), 1),
  ]);
  return [
    rival(
      'eas.timestamp',
      timestamp.gas,
      'gas',
      `one anchor alone; ${timestamp.newSlots} new slot; ${EAS}`,
    ),
    rival(
      'eas.timestamp.root',
      timestamp.gas / RECORDS,
      'gas/record',
      `one Merkle root over ${RECORDS} records, as our batch root: no distribution, receipts or completeness; ${EAS}`,
    ),
    rival(
      'eas.multiTimestamp',
      many.gas / RECORDS,
      'gas/record',
      `${RECORDS} anchors in one transaction; ${many.newSlots} new slots; ${EAS}`,
    ),
    rival(
      'eas.attest',
      attest.gas,
      'gas',
      `an attestation of 32 bytes; ${attest.newSlots} new slots; ${EAS}`,
    ),
    rival(
      'eas.attestByDelegation',
      byDelegation.gas,
      'gas',
      `the same, signed by one and sent by another, not his first; ${EAS}`,
    ),
  ];
}

/** EAS names a schema by the hash of what was registered. */
const SCHEMA = solidityPackedKeccak256(
  ['string', 'address', 'bool'],
  ['bytes32 anchor', ZeroAddress, true],
);

const ATTEST = [
  ['address', 'attester'],
  ['bytes32', 'schema'],
  ['address', 'recipient'],
  ['uint64', 'expirationTime'],
  ['bool', 'revocable'],
  ['bytes32', 'refUID'],
  ['bytes', 'data'],
  ['uint256', 'value'],
  ['uint256', 'nonce'],
  ['uint64', 'deadline'],
].map(([type = '', name = '']) => ({ type, name }));

async function delegated(chain: GasChain, eas: Deployed, data: object, nonce: number) {
  const wallet = new Wallet(toHex(keyOf('attester')));
  const domain = {
    name: String(await chain.read(eas, 'getName')),
    version: String(await chain.read(eas, 'version')),
    chainId: chain.chainId,
    verifyingContract: eas.address,
  };
  const message = { attester: wallet.address, schema: SCHEMA, ...data, nonce, deadline: 0 };
  const { v, r, s } = Signature.from(
    await wallet.signTypedData(domain, { Attest: ATTEST }, message),
  );
  return { schema: SCHEMA, data, signature: { v, r, s }, attester: wallet.address, deadline: 0 };
}

async function slotFigures(chain: GasChain, contracts: CompiledContracts): Promise<Figure[]> {
  const random = seededBytes('slot per record');
  const from = chain.accounts[1] ?? '0x';
  const contract = await chain.deploy(contractOf(contracts, 'SlotPerRecord'), []);
  const store = (count: number) => {
    const ids = Array.from({ length: count }, () => toHex(random(32)));
    return chain.send(from, contract, 'store', [ids, ids.map(() => toHex(random(32)))]);
  };
  const [one, many] = [await store(1), await store(RECORDS)];
  return [
    rival('slotPerRecord.single', one.gas, 'gas', `one record; ${one.newSlots} new slot; ${SLOTS}`),
    rival(
      'slotPerRecord',
      many.gas / RECORDS,
      'gas/record',
      `${RECORDS} records in one transaction; ${many.newSlots} new slots; ${SLOTS}`,
    ),
  ];
}

const artifactSchema = z.object({
  abi: z.array(z.custom<JsonFragment>()),
  bytecode: z.string().startsWith('0x'),
});

const artifact = (name: string) =>
  artifactSchema.parse(
    createRequire(import.meta.url)(
      `@ethereum-attestation-service/eas-contracts/artifacts/contracts/${name}.sol/${name}.json`,
    ),
  );
