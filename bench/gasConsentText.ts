import { signDigest } from '../src/crypto/signatures.ts';
import { CONSENT_TEMPLATE, statementOf } from '../src/domain/consentStatement.ts';
import type { Hex } from '../src/hash/bytes.ts';
import { toHex, utf8, ZERO_32 } from '../src/hash/bytes.ts';
import { patientIdOf } from '../src/crypto/derivations.ts';
import { consentDigest, showConsent } from '../src/wire/consent.ts';
import type { Consent } from '../src/wire/typedData.ts';
import { typedDigest } from '../src/wire/typedData.ts';
import type { GasNetwork } from './gasNetwork.ts';
import { seededBytes } from './seededBytes.ts';

/** A consent as patients sign it, with the statement of its template. */

export interface OpenedPatient {
  readonly key: Uint8Array;
  readonly account: Hex;
  readonly patientId: Hex;
}

/** Opens a patient in the network of the benchmark. */
export async function openedPatient(
  { chain, patients, federationId, networkId, spare }: GasNetwork,
  { key, account }: { readonly key: Uint8Array; readonly account: Hex },
): Promise<OpenedPatient> {
  const idNonce = toHex(seededBytes(`id of ${account}`)(32));
  const message = { authority: account, idNonce, inboxKeyHash: ZERO_32 };
  const here = { networkId, chainId: BigInt(chain.chainId) };
  const signature = signDigest(
    key,
    typedDigest('OpenPatient', federationId, { ...here, ...message }),
  );
  await chain.send(spare[0] ?? '0x', patients, 'openPatient', [
    account,
    idNonce,
    ZERO_32,
    signature,
  ]);
  return { key, account, patientId: patientIdOf(networkId, account, idNonce) };
}

/** What `isAllowed` is shown of a consent for `count` networks, the benchmark's first. */
export function shownConsent(
  { chain, federationId, networkId, consents, hospitals }: GasNetwork,
  { account, patientId }: OpenedPatient,
  count: number,
): { readonly digest: Hex; readonly args: readonly unknown[]; readonly textBytes: number } {
  const random = seededBytes(`consent for ${count} networks`);
  const elsewhere = Array.from({ length: count - 1 }, (_, i) => ({
    chainId: BigInt(2_000 + i),
    networkId: toHex(random(32)),
    registry: toHex(random(20)),
    patientId: toHex(random(32)),
    salt: toHex(random(32)),
  }));
  const reader = hospitals[1]?.nodeId ?? ZERO_32;
  const now = BigInt(chain.now());
  const fields: Omit<Consent, 'statement'> = {
    language: 'en',
    template: CONSENT_TEMPLATE,
    patient: account,
    guardianship: ZERO_32,
    grantee: reader,
    granteeName: 'Westside Clinic',
    purpose: 'TREAT',
    actions: ['access'],
    categories: ['result', 'medication'],
    sensitivity: [],
    anchors: [],
    authors: [],
    dataFrom: 0n,
    dataTo: 0n,
    except: [],
    notBefore: now - 1_000n,
    notAfter: now + 1_000_000n,
    submitBy: now + 100_000n,
    epoch: 0n,
    nonce: BigInt(toHex(random(32))),
    home: networkId,
    networkNames: Array.from({ length: count }, (_, i) => `Network of region ${i + 1}`),
    networks: [
      {
        chainId: BigInt(chain.chainId),
        networkId,
        registry: consents.address,
        patientId,
        salt: toHex(random(32)),
      },
      ...elsewhere,
    ],
  };
  const consent = { ...fields, statement: statementOf({ ...fields, statement: '' }) };
  const { own, scopeHashes, ...text } = showConsent(consent, networkId);
  const access = {
    patientId,
    reader,
    purpose: 'TREAT',
    action: 'access',
    anchor: toHex(random(32)),
    author: hospitals[0]?.nodeId ?? ZERO_32,
    category: 'result',
    sensitivity: [],
    eventFrom: now,
    eventTo: now,
  };
  return {
    digest: consentDigest(federationId, consent),
    args: [text, own, scopeHashes, access],
    textBytes: utf8(consent.statement).length,
  };
}
