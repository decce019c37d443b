import { submit } from '../../src/client/enrolment/enroll.ts';
import { grantMessage, revokeMessage } from '../../src/client/patientMessages.ts';
import type { Reader } from '../../src/client/reading/requestRecords.ts';
import { authorityOf } from '../../src/client/wallet/wallet.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import { CONSENT_TEMPLATE, statementOf } from '../../src/domain/consentStatement.ts';
import { CATEGORIES } from '../../src/fhir/categories.ts';
import { fromHex, type Hex, toHex, ZERO_32 } from '../../src/hash/bytes.ts';
import type { LocalNetwork } from '../../src/localnet/network.ts';
import { consentDigest, showConsent } from '../../src/wire/consent.ts';
import type { ReadPackage } from '../../src/wire/readPackage.ts';
import { type Consent, typedDigest } from '../../src/wire/typedData.ts';
import { clientOf, random, type TestPatient, timeOf } from './edgeNetwork.ts';

/** Consents on small networks: signed, granted, used, revoked. */

/** A consent for a reader to read everything for treatment during a day, unless said otherwise. */
export async function consentFor(
  network: LocalNetwork,
  patient: TestPatient,
  reader: { readonly nodeId: Hex; readonly name: string },
  change: Partial<Consent> = {},
): Promise<Consent> {
  const now = BigInt(await timeOf(network));
  const { networkId, chainId, name } = network.manifest;
  const consent: Consent = {
    statement: '',
    language: 'en',
    template: CONSENT_TEMPLATE,
    patient: authorityOf(patient.wallet),
    guardianship: ZERO_32,
    grantee: reader.nodeId,
    granteeName: reader.name,
    purpose: 'TREAT',
    actions: ['access'],
    categories: [...CATEGORIES],
    sensitivity: [],
    anchors: [],
    authors: [],
    dataFrom: 0n,
    dataTo: 0n,
    except: [],
    notBefore: now - 60n,
    notAfter: now + 86_400n,
    submitBy: now + 3600n,
    epoch: 0n,
    nonce: BigInt(toHex(random(16))),
    home: networkId,
    networkNames: [name],
    networks: [
      {
        chainId: BigInt(chainId),
        networkId,
        registry: network.manifest.contracts.ConsentRegistry.address,
        patientId: patient.network.patientId,
        salt: toHex(random(32)),
      },
    ],
    ...change,
  };
  return { ...consent, statement: change.statement ?? statementOf(consent) };
}

/** What she gives the reader; `serving` is the name of the holder that is to serve. */
export function packageFor(
  network: LocalNetwork,
  patient: TestPatient,
  consent: Consent,
  serving: string,
): ReadPackage {
  const { federationId, networkId, chainId } = network.manifest;
  return {
    consent: showConsent(consent, networkId),
    signer: authorityOf(patient.wallet),
    signature: signDigest(
      fromHex(patient.wallet.authorityKey, 32),
      fromHex(consentDigest(federationId, consent)),
    ),
    network: { networkId, chainId: BigInt(chainId) },
    serving: network.node(serving).self.nodeId,
  };
}

/** Brings her consent to the chain and lets it settle. */
export async function grantTo(
  network: LocalNetwork,
  patient: TestPatient,
  shown: ReadPackage,
): Promise<void> {
  const { consensus, transport } = clientOf(network);
  const digest = consentDigest(network.manifest.federationId, shown.consent);
  const { patientId } = patient.network;
  const message = grantMessage(patientId, shown.signer, digest, shown.signature);
  await submit(transport, patient.network, consensus, message);
  await network.settle();
}

/** Revokes by one signature; it counts from the next block. */
export async function revokeFrom(
  network: LocalNetwork,
  patient: TestPatient,
  shown: ReadPackage,
): Promise<void> {
  const { federationId } = network.manifest;
  const account = authorityOf(patient.wallet);
  const digest = consentDigest(federationId, shown.consent);
  const signature = signDigest(
    fromHex(patient.wallet.authorityKey, 32),
    typedDigest('RevokeConsent', federationId, { account, digest }),
  );
  const { consensus, transport } = clientOf(network);
  const message = revokeMessage(patient.network.patientId, account, digest, signature);
  await submit(transport, patient.network, consensus, message);
  await network.settle();
}

/** A reader of the network with its keys. */
export function readerNamed(network: LocalNetwork, name: string): Reader & { name: string } {
  const self = network.readers.get(name) ?? network.node(name).self;
  return { ...self, name };
}
