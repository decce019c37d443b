import { accountOf, signDigest } from '../src/crypto/signatures.ts';
import { nodeIdOf, patientIdOf } from '../src/crypto/derivations.ts';
import { CarelatticeError } from '../src/errors.ts';
import { type Hex, toHex, uint } from '../src/hash/bytes.ts';
import { type MessageOf, type StructName, typedDigest } from '../src/wire/typedData.ts';
import type { GasCost, GasTable } from './gasBaseline.ts';
import { type GasNetwork, keyOf } from './gasNetwork.ts';
import { seededBytes } from './seededBytes.ts';

/** One message in both of its forms: alone, and as an item of a `PatientBatch`. */
interface Message {
  readonly verb: 'openPatient' | 'setRelations' | 'setScopeEpoch';
  readonly args: readonly unknown[];
  readonly item: { readonly kind: number; readonly words: readonly Hex[]; readonly signature: Hex };
}

interface Person {
  readonly key: Uint8Array;
  readonly authority: Hex;
  readonly idNonce: Hex;
  readonly patientId: Hex;
  readonly handle: Hex;
}

const MANY = 100;

/** Gas of every patient's message, alone by a stranger and in batches of 1 and 100 by the consensus node. */
export async function patientOperations(network: GasNetwork): Promise<GasTable> {
  const random = seededBytes('patients');
  const table: Record<string, GasCost> = {};
  const { chain, patients, federationId, networkId } = network;
  const stranger = network.spare[0] ?? '0x';
  const active = network.consensus[0] ?? '0x';

  const here = { networkId, chainId: BigInt(chain.chainId) };
  const sign = <N extends StructName>({ key }: Person, name: N, message: MessageOf<N>): Hex =>
    signDigest(key, typedDigest(name, federationId, message));
  const person = (name: string): Person => {
    const key = keyOf(name);
    const [authority, idNonce] = [accountOf(key), toHex(random(32))];
    return {
      key,
      authority,
      idNonce,
      patientId: patientIdOf(networkId, authority, idNonce),
      handle: toHex(random(32)),
    };
  };
  const word = (value: number | Hex): Hex =>
    typeof value === 'number' ? toHex(uint(value, 32)) : `0x${value.slice(2).padStart(64, '0')}`;

  const openPatient = (one: Person): Message => {
    const { authority, idNonce } = one;
    const inboxKeyHash = toHex(random(32));
    const signature = sign(one, 'OpenPatient', { ...here, authority, idNonce, inboxKeyHash });
    const item = { kind: 1, words: [word(authority), idNonce, inboxKeyHash], signature };
    return { verb: 'openPatient', args: [authority, idNonce, inboxKeyHash, signature], item };
  };
  const setRelations = (one: Person, seq: number): Message => {
    const { patientId } = one;
    const relationsDigest = toHex(random(32));
    const signature = sign(one, 'SetRelations', {
      ...here,
      patientId,
      seq: BigInt(seq),
      relationsDigest,
    });
    const item = { kind: 2, words: [patientId, word(seq), relationsDigest], signature };
    return { verb: 'setRelations', args: [patientId, seq, relationsDigest, signature], item };
  };
  const setScopeEpoch = (one: Person, epoch: number): Message => {
    const { patientId, handle } = one;
    const [seq, commitment] = [epoch, toHex(random(32))];
    const signature = sign(one, 'ScopeEpoch', {
      ...here,
      patientId,
      seq: BigInt(seq),
      handle,
      epoch,
      commitment,
    });
    const item = {
      kind: 3,
      words: [patientId, word(seq), handle, word(epoch), commitment],
      signature,
    };
    return {
      verb: 'setScopeEpoch',
      args: [patientId, seq, handle, epoch, commitment, signature],
      item,
    };
  };
  const steps: readonly [string, (one: Person) => Message][] = [
    ['openPatient', openPatient],
    ['setRelations, first', (one) => setRelations(one, 1)],
    ['setRelations, next', (one) => setRelations(one, 2)],
    ['scopeEpoch, first', (one) => setScopeEpoch(one, 1)],
    ['scopeEpoch, next', (one) => setScopeEpoch(one, 2)],
  ];
  const batch = (messages: readonly Message[]): Promise<GasCost> =>
    chain.send(active, patients, 'submitBatch', [messages.map(({ item }) => item)]);

  const [alone, single] = [person('alone'), person('single')];
  const crowd = Array.from({ length: MANY }, (_, i) => person(`crowd ${i}`));
  for (const [name, messageOf] of steps) {
    const { verb, args } = messageOf(alone);
    table[`${name}, alone`] = await chain.send(stranger, patients, verb, args);
    table[`${name}, PatientBatch of 1`] = await batch([messageOf(single)]);
    const messages = crowd.map(messageOf);
    table[`${name}, PatientBatch of ${MANY}`] = await batch(messages);
    await requireApplied(network, crowd, messages);
  }
  return table;
}

/** A batch skips what it refuses, at a gas of its own: only what took effect may be counted. @throws `GasRunFailed` */
async function requireApplied(
  { chain, patients }: GasNetwork,
  people: readonly Person[],
  messages: readonly Message[],
): Promise<void> {
  for (const [index, { authority, patientId, handle }] of people.entries()) {
    const { verb, args } = messages[index] ?? {};
    const isApplied =
      verb === 'openPatient'
        ? String(await chain.read(patients, 'authorityOf', [patientId])).toLowerCase() === authority
        : verb === 'setRelations'
          ? (await chain.read(patients, 'relationsOf', [patientId])) === args?.[2]
          : (await chain.read(patients, 'scopeEpochOf', [patientId, handle])) ===
            BigInt(Number(args?.[3]));
    if (!isApplied) {
      throw new CarelatticeError('GasRunFailed', 'an item of a batch was refused', {
        facts: { index, verb: verb ?? '' },
      });
    }
  }
}

/** Gas of what members and nodes do with the registry, and of a change of term; it ends the first one. */
export async function registryOperations(network: GasNetwork): Promise<GasTable> {
  const random = seededBytes('registry');
  const { chain, registry, federationId, networkId, spare, descriptorOf, govern } = network;
  const [, joining = '0x'] = spare;
  const newcomer = descriptorOf(joining, 1);
  const admitted = await govern('admit', [newcomer]);
  const nodeId = nodeIdOf(networkId, joining, newcomer['nonce'] as Hex); // as descriptorOf makes it
  const suspended = await govern('suspend', [nodeId]);
  const resumed = await govern('resume', [nodeId]);

  const key = keyOf('next signing key');
  const signingKey = accountOf(key);
  const rotation = { networkId, chainId: BigInt(chain.chainId), nodeId, signingKey, keyEpoch: 2 };
  const signature = signDigest(key, typedDigest('RotateSigningKey', federationId, rotation));
  const kemKey = await chain.send(joining, registry, 'rotateKemKey', [toHex(random(1_217))]);
  const endpoint = await chain.send(joining, registry, 'setEndpoint', [
    'https://new.hospital.example:44300',
    toHex(random(32)),
  ]);
  const signing = await chain.send(joining, registry, 'rotateSigningKey', [signingKey, signature]);
  const removed = await govern('remove', [nodeId]);
  return {
    'admit, 4 of 6 members': admitted,
    'suspend, 4 of 6 members': suspended,
    'resume, 4 of 6 members': resumed,
    'remove, 4 of 6 members': removed,
    rotateKemKey: kemKey,
    setEndpoint: endpoint,
    rotateSigningKey: signing,
  };
}
