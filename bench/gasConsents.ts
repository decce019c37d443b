import { accountOf, signDigest } from '../src/crypto/signatures.ts';
import { CarelatticeError } from '../src/errors.ts';
import type { Hex } from '../src/hash/bytes.ts';
import { fromHex, toHex, uint } from '../src/hash/bytes.ts';
import { typedDigest } from '../src/wire/typedData.ts';
import { type Figure, figure } from './figures.ts';
import type { GasCost, GasTable } from './gasBaseline.ts';
import { type GasNetwork, keyOf } from './gasNetwork.ts';
import { openedPatient, shownConsent } from './gasConsentText.ts';
import { seededBytes } from './seededBytes.ts';

/** Gas of consents and receipts: relayed in batches, anchored by a node, read by a view. */

const MANY = 100;
/** Requests of readers that one root of receipts stands for in throughput mode. */
const SHARED = 1_024;
const GRANT = 4;
const REVOKE = 5;
const REVOKE_ALL = 6;

interface Signer {
  readonly key: Uint8Array;
  readonly account: Hex;
}

interface Item {
  readonly kind: number;
  readonly words: readonly Hex[];
  readonly signature: Hex;
}

const signerOf = (name: string): Signer => {
  const key = keyOf(name);
  return { key, account: accountOf(key) };
};

const word = (value: bigint | Hex): Hex =>
  typeof value === 'bigint' ? toHex(uint(value, 32)) : `0x${value.slice(2).padStart(64, '0')}`;

export async function consentOperations(
  network: GasNetwork,
): Promise<{ table: GasTable; figures: readonly Figure[] }> {
  const batches = await batchCosts(network);
  const receipts = await receiptCosts(network);
  const views = await viewCosts(network);
  const costOf = (name: string): GasCost => {
    const cost = { ...batches, ...receipts }[name];
    if (cost === undefined) throw new Error(`${name} was measured`);
    return cost;
  };
  const grants = (cost: GasCost): string => `${cost.newSlots} new slots`;
  const [one, many] = [costOf(GRANTED), costOf(`${GRANTED_MANY}`)];
  const [after, before] = [costOf(REVOKED), costOf(REVOKED_BEFORE)];
  const [afterMany, anchored] = [costOf(REVOKED_MANY), costOf(ANCHORED)];
  const figures = [
    figure(
      'G3',
      one.gas,
      'gas',
      '<= 67000',
      `whole PatientBatch of one grant, signer without code, fresh digest, sender checked, ${grants(one)}; the chain sees a digest only, so 1 and 32 named networks cost the same`,
    ),
    figure(
      'G3.batch',
      many.gas / MANY,
      'gas/grant',
      '<= 37000',
      `PatientBatch of ${MANY} grants by as many signers: ${many.gas} gas`,
    ),
    figure(
      'G5a',
      after.gas,
      'gas',
      '<= 55000',
      'whole PatientBatch of one revocation after its grant',
    ),
    figure(
      'G5a.before',
      before.gas,
      'gas',
      '<= 73000',
      `whole PatientBatch of one revocation before its grant, ${grants(before)}`,
    ),
    figure(
      'G5a.batch',
      afterMany.gas / MANY,
      'gas/revoke',
      null,
      `PatientBatch of ${MANY} revocations after their grants: ${afterMany.gas} gas`,
    ),
    figure(
      'G5b',
      views.status,
      'gas',
      '<= 5000',
      'execution of statusOf of a granted consent, cold slots',
    ),
    figure(
      'G5c',
      views.allowed,
      'gas',
      '<= 15000',
      `execution of isAllowed, cold slots, one network, text of ${views.textBytes} bytes, reader named by id`,
    ),
    figure('G5c.32', views.allowedOf32, 'gas', '<= 25000', 'the same consent with 32 networks'),
    figure(
      'G7',
      anchored.gas / SHARED,
      'gas/request',
      '<= 40',
      `AccessLedger.anchor of a later root of a node, ${anchored.gas} gas, over ${SHARED} requests under it`,
    ),
    figure('G7.single', anchored.gas, 'gas', '<= 50000', 'the same transaction for one receipt'),
  ];
  return { table: { ...batches, ...receipts }, figures };
}

const GRANTED = 'grant, PatientBatch of 1';
const GRANTED_MANY = `grant, PatientBatch of ${MANY}`;
const REVOKED = 'revoke after its grant, PatientBatch of 1';
const REVOKED_MANY = `revoke after its grant, PatientBatch of ${MANY}`;
const REVOKED_BEFORE = 'revoke before its grant, PatientBatch of 1';
const ANCHORED = 'anchor receipts, next';

async function batchCosts(network: GasNetwork): Promise<GasTable> {
  const { chain, patients, consents, federationId, spare } = network;
  const random = seededBytes('consents');
  const active = network.consensus[0] ?? '0x';
  const batch = (items: readonly Item[]): Promise<GasCost> =>
    chain.send(active, patients, 'submitBatch', [items]);
  const grant = ({ key, account }: Signer, digest: Hex): Item => ({
    kind: GRANT,
    words: [word(account), digest],
    signature: signDigest(key, fromHex(digest)),
  });
  const revoke = ({ key, account }: Signer, digest: Hex): Item => ({
    kind: REVOKE,
    words: [word(account), digest],
    signature: signDigest(key, typedDigest('RevokeConsent', federationId, { account, digest })),
  });
  const revokeAll = ({ key, account }: Signer, minEpoch: bigint): Item => ({
    kind: REVOKE_ALL,
    words: [word(account), word(minEpoch)],
    signature: signDigest(key, typedDigest('RevokeAll', federationId, { account, minEpoch })),
  });
  /** A batch skips what it refuses, at a gas of its own: only what took effect may be counted. */
  const requireState = async (
    signers: readonly Signer[],
    digests: readonly Hex[],
    state: bigint,
  ) => {
    for (const [index, { account }] of signers.entries()) {
      const present = await chain.read(consents, 'statusOf', [account, digests[index], 1]);
      if (present === state) continue;
      throw new CarelatticeError('GasRunFailed', 'an item of a batch was refused', {
        facts: { index, present: String(present), state },
      });
    }
  };

  const alone = signerOf('one consent');
  const crowd = Array.from({ length: MANY }, (_, i) => signerOf(`consent ${i}`));
  const digests = Array.from({ length: MANY }, () => toHex(random(32)));
  const [digest, direct, early] = [toHex(random(32)), toHex(random(32)), toHex(random(32))];
  const table: Record<string, GasCost> = {};

  table[GRANTED] = await batch([grant(alone, digest)]);
  await requireState([alone], [digest], 1n);
  table[GRANTED_MANY] = await batch(crowd.map((signer, i) => grant(signer, digests[i] ?? '0x')));
  await requireState(crowd, digests, 1n);
  table['grant, alone'] = await chain.send(spare[0] ?? '0x', consents, 'grant', [
    alone.account,
    direct,
    grant(alone, direct).signature,
  ]);
  table[REVOKED] = await batch([revoke(alone, digest)]);
  table[REVOKED_BEFORE] = await batch([revoke(alone, early)]);
  await requireState([alone, alone], [digest, early], 2n);
  table[REVOKED_MANY] = await batch(crowd.map((signer, i) => revoke(signer, digests[i] ?? '0x')));
  await requireState(crowd, digests, 2n);
  table['revoke all, first, PatientBatch of 1'] = await batch([revokeAll(alone, 1n)]);
  table['revoke all, next, PatientBatch of 1'] = await batch([revokeAll(alone, 2n)]);
  await requireState([alone], [direct], 2n);
  return table;
}

/** A node's roots of receipts, and an emergency request. */
async function receiptCosts({ chain, ledger, hospitals }: GasNetwork): Promise<GasTable> {
  const random = seededBytes('receipts');
  const from = hospitals[0]?.account ?? '0x';
  const anchor = (size: number): Promise<GasCost> =>
    chain.send(from, ledger, 'anchor', [size, toHex(random(32))]);
  return {
    'anchor receipts, first': await anchor(1),
    [ANCHORED]: await anchor(1 + SHARED),
    requestEmergency: await chain.send(from, ledger, 'requestEmergency', [toHex(random(32))]),
  };
}

interface ViewCosts {
  readonly status: number;
  readonly allowed: number;
  readonly allowedOf32: number;
  readonly textBytes: number;
}

/** Views on a consent that a patient of this network really granted, at its full text. */
async function viewCosts(network: GasNetwork): Promise<ViewCosts> {
  const { chain, consents } = network;
  const patient = await openedPatient(network, signerOf('patient who consents'));
  const costs: number[] = [];
  let status = 0;
  let textBytes = 0;
  for (const networks of [1, 32]) {
    const shown = shownConsent(network, patient, networks);
    await chain.send(network.spare[0] ?? '0x', consents, 'grant', [
      patient.account,
      shown.digest,
      signDigest(patient.key, fromHex(shown.digest)),
    ]);
    status = await chain.executionGas(consents, 'statusOf', [patient.account, shown.digest, 0]);
    costs.push(await chain.executionGas(consents, 'isAllowed', shown.args));
    if (networks === 1) textBytes = shown.textBytes;
  }
  const [allowed = 0, allowedOf32 = 0] = costs;
  return { status, allowed, allowedOf32, textBytes };
}
