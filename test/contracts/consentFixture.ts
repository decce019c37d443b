import { id } from 'ethers';
import type { Wallet } from 'ethers';
import { network } from 'hardhat';
import type { NetworkConnection } from 'hardhat/types/network';
import { patientIdOf } from '../../src/crypto/derivations.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import { fromHex, toHex, ZERO_32 } from '../../src/hash/bytes.ts';
import type { Hex } from '../../src/hash/bytes.ts';
import { consentDigest } from '../../src/wire/consent.ts';
import { structHashOf } from '../../src/wire/typedData.ts';
import type { Consent, NetworkScope } from '../../src/wire/typedData.ts';
import { deployEdge } from './deployEdge.ts';
import { CHAIN, FEDERATION, NETWORK, sign, walletOf } from './signing.ts';

/** ethers gives checksummed addresses and typed hex as text. */
export const hex = (text: string): Hex => text.toLowerCase() as Hex;

export const alice = walletOf('Alice');
export const bob = walletOf('Bob');
export const KIND = { grant: 4, revoke: 5, revokeAll: 6 } as const;

/** An edge network in which Alice is opened, on a chain of its own. */
export async function setupConsents(connection?: NetworkConnection) {
  const chain = connection ?? (await network.create('edge'));
  const edge = await deployEdge(chain);
  const { patients, stranger, ledger } = edge;
  const idNonce = hex(id('nonce'));
  const message = { authority: alice.address, idNonce, inboxKeyHash: ZERO_32 };
  await patients
    .connect(stranger)
    .openPatient(alice.address, idNonce, ZERO_32, await sign(alice, 'OpenPatient', message));
  const aliceId = patientIdOf(hex(NETWORK), hex(alice.address), idNonce);
  const insurerId = hex(await edge.idOf(edge.insurer));
  const hospitalId = hex(await edge.idOf(edge.hospitalA));
  const now = BigInt(await chain.networkHelpers.time.latest());

  const scope: NetworkScope = {
    chainId: BigInt(CHAIN),
    networkId: hex(NETWORK),
    registry: hex(edge.at.consents),
    patientId: aliceId,
    salt: hex(id('salt')),
  };
  const consent: Consent = {
    statement: 'I allow it.',
    language: 'en',
    template: 1,
    patient: hex(alice.address),
    guardianship: ZERO_32,
    grantee: insurerId,
    granteeName: 'insurer',
    purpose: 'TREAT',
    actions: ['access'],
    categories: ['result', 'medication'],
    sensitivity: ['HIV'],
    anchors: [],
    authors: [],
    dataFrom: 100n,
    dataTo: 10_000n,
    except: [],
    notBefore: now - 1_000n,
    notAfter: now + 100_000n,
    submitBy: now + 10_000n,
    epoch: 1n,
    nonce: 7n,
    home: hex(NETWORK),
    networkNames: ['Riverside'],
    networks: [scope],
  };
  const access = {
    patientId: aliceId,
    reader: insurerId,
    purpose: 'TREAT',
    action: 'access',
    anchor: id('record'),
    author: hospitalId,
    category: 'result',
    sensitivity: ['HIV'],
    eventFrom: 200n,
    eventTo: 300n,
  };
  return { ...edge, ...chain, ledger, aliceId, insurerId, hospitalId, now, scope, consent, access };
}

export type ConsentScene = Awaited<ReturnType<typeof setupConsents>>;

export const digestOf = (consent: Consent): Hex => consentDigest(hex(FEDERATION), consent);

export const signedBy = (by: Wallet, digest: string): Hex =>
  signDigest(fromHex(hex(by.privateKey)), fromHex(hex(digest)));

export const revocation = (by: Wallet, digest: string, account = by.address): Promise<string> =>
  sign(by, 'RevokeConsent', { account, digest });

export const revocationOfAll = (by: Wallet, minEpoch: bigint, account = by.address) =>
  sign(by, 'RevokeAll', { account, minEpoch });

export const granting = async ({ consents }: ConsentScene, consent: Consent, by = alice) =>
  consents.grant(by.address, digestOf(consent), signedBy(by, digestOf(consent)));

/** Asks `isAllowed`; `own` is the first scope unless said otherwise. */
export function asking(
  { consents, access, scope }: ConsentScene,
  consent: Consent,
  over: Readonly<Record<string, unknown>> = {},
  own: NetworkScope = scope,
) {
  const { networks, ...shown } = consent;
  const hashes = networks.map((one) => toHex(structHashOf('NetworkScope', one)));
  // The generated types want lists that may be written.
  return consents.isAllowed(structuredClone(shown) as never, own, hashes, { ...access, ...over });
}
