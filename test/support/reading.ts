import { signedRequest, type Reader } from '../../src/client/reading/requestRecords.ts';
import { ask } from '../../src/client/ask.ts';
import { submit } from '../../src/client/enrolment/enroll.ts';
import { grantMessage, revokeMessage } from '../../src/client/patientMessages.ts';
import { authorityOf, type Wallet } from '../../src/client/wallet/wallet.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import { fromHex, type Hex, toHex, ZERO_32 } from '../../src/hash/bytes.ts';
import type { LocalNetwork } from '../../src/localnet/network.ts';
import { consentDigest } from '../../src/wire/consent.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/messages.ts';
import { piecesOf } from '../../src/store/byteStream.ts';
import {
  type GatewayTicket,
  readAnswer,
  type ReadAnswer,
  type ReadQuestion,
  TICKET_HEADER,
  type WireReadRequest,
} from '../../src/wire/readMessages.ts';
import type { ReadPackage } from '../../src/wire/readPackage.ts';
import { type Consent, typedDigest } from '../../src/wire/typedData.ts';
import { codeOf } from './codeOf.ts';
import { consentFor, grantTo, packageFor } from './consents.ts';
import { clientOf, knownNode, nodesOf, random, type TestPatient } from './edgeNetwork.ts';

/** A reader's requests made by hand, one question at a time, and what the holder says to each. */

export type NamedReader = Reader & { readonly name: string };

/** What differs from an honest request. */
export interface Spoilt {
  readonly purpose?: string;
  readonly anchors?: readonly Hex[];
  readonly request?: Partial<WireReadRequest>;
  readonly signingKey?: Uint8Array;
  readonly page?: number;
}

/** A request for `shown.serving`, honest but for what is spoilt; signed after that. */
export async function readQuestionOf(
  network: LocalNetwork,
  reader: Reader,
  shown: ReadPackage,
  spoilt: Spoilt = {},
): Promise<ReadQuestion> {
  const holder = nodesOf(network).get(shown.serving);
  if (holder === undefined) throw new Error('the holder is on chain');
  const { components } = network.node(holder.name).open;
  const clock = { now: components.now, random };
  const { purpose = shown.consent.purpose, anchors = [] } = spoilt;
  const { question } = await signedRequest(reader, shown, purpose, holder, clock, anchors);
  const request = { ...question.request, ...spoilt.request }; // made there
  return {
    package: question.package,
    request,
    signature: signDigest(
      spoilt.signingKey ?? reader.signingKey,
      fromHex(requestDigestOf(reader, request)),
    ),
    page: spoilt.page ?? 0,
  };
}

export const requestDigestOf = ({ network }: Reader, request: WireReadRequest): Hex =>
  toHex(
    typedDigest('ReadRequest', network.federationId, {
      ...request,
      networkId: network.networkId,
      chainId: BigInt(network.chainId),
      expiry: BigInt(request.expiry),
      nonce: BigInt(request.nonce),
    }),
  );

/** Puts the question to a node's client door, once. */
export async function askToRead(
  network: LocalNetwork,
  holder: string,
  question: ReadQuestion,
): Promise<ReadAnswer> {
  const answer = await ask(
    network.transport,
    network.manifest.networkId,
    knownNode(network, holder),
    MessageType.ReadRequest,
    encodeMessage(question),
  );
  return decodeMessage(readAnswer, answer);
}

/** How the holder refuses a request, `none` when it takes it. */
export const refusalOf = async (
  network: LocalNetwork,
  holder: string,
  reader: Reader,
  shown: ReadPackage,
  spoilt: Spoilt = {},
): Promise<string> => {
  const question = await readQuestionOf(network, reader, shown, spoilt);
  return codeOf(() => askToRead(network, holder, question));
};

export type Released = Extract<ReadAnswer, { state: 'released' }>;

/** Asks on until keys come. @throws the refusal */
export async function untilReleased(
  network: LocalNetwork,
  holder: string,
  question: ReadQuestion,
): Promise<Released> {
  for (let i = 0; i < 100; i++) {
    const answer = await askToRead(network, holder, question);
    if (answer.state === 'released') return answer;
    await network.step();
  }
  throw new Error('the receipt does not come to stand on the chain');
}

/** A consent that stands on chain, as the reader shows it. */
export async function grantedPackage(
  network: LocalNetwork,
  patient: TestPatient,
  reader: { readonly nodeId: Hex; readonly name: string },
  holder: string,
  change: Partial<Consent> = {},
): Promise<ReadPackage> {
  const shown = packageFor(
    network,
    patient,
    await consentFor(network, patient, reader, change),
    holder,
  );
  await grantTo(network, patient, shown);
  return shown;
}

/** Brings the grant of any document that a wallet signs; takes effect as the network settles. */
export async function bringGrant(
  network: LocalNetwork,
  wallet: Wallet,
  patientId: Hex,
  digest: Hex,
): Promise<Hex> {
  const signature = signDigest(fromHex(wallet.authorityKey, 32), fromHex(digest));
  const { consensus, transport } = clientOf(network);
  const message = grantMessage(patientId, authorityOf(wallet), digest, signature);
  await submit(transport, { networkId: network.manifest.networkId }, consensus, message);
  return signature;
}

/** Her message that takes back what has this digest. */
export function revocationOf(network: LocalNetwork, wallet: Wallet, patientId: Hex, digest: Hex) {
  const account = authorityOf(wallet);
  const signature = signDigest(
    fromHex(wallet.authorityKey, 32),
    typedDigest('RevokeConsent', network.manifest.federationId, { account, digest }),
  );
  return revokeMessage(patientId, account, digest, signature);
}

/** Sends a transaction of an account at once and mines its block: no node takes part. */
export async function mineCall(
  network: LocalNetwork,
  to: Hex,
  data: Hex,
  from: Hex = network.chain.accounts[0]!.account,
): Promise<void> {
  const tx = { from, to, data, gas: '0xb71b00' };
  const hash = await network.chain.rpc.send('eth_sendTransaction', [tx]);
  await network.chain.mine();
  const receipt = await network.chain.rpc.send('eth_getTransactionReceipt', [hash]);
  // As eth_getTransactionReceipt answers.
  if ((receipt as { status?: string }).status !== '0x1') throw new Error('the call was refused');
}

/** Her revocation, mined at once by another device of hers. */
export const mineRevocation = (
  network: LocalNetwork,
  wallet: Wallet,
  { consent }: ReadPackage,
): Promise<void> =>
  mineRevocationOf(network, wallet, consentDigest(network.manifest.federationId, consent));

/** As `mineRevocation`, of a consent or guardianship by its digest. */
export async function mineRevocationOf(
  network: LocalNetwork,
  wallet: Wallet,
  digest: Hex,
): Promise<void> {
  const { to, data } = revocationCall(network, wallet, digest);
  await mineCall(network, to, data);
}

/** A call of a contract, signed by nobody yet. */
export interface Call {
  readonly to: Hex;
  readonly data: Hex;
}

export function revocationCall(network: LocalNetwork, wallet: Wallet, digest: Hex): Call {
  const { signature } = revocationOf(network, wallet, ZERO_32, digest);
  const { consents } = network.hospitals[0]!.open.components.contracts;
  const data = consents.encode('revoke', [authorityOf(wallet), digest, signature]);
  return { to: consents.address, data };
}

/** A node or reader of the registry takes a new KEM key: its own account says so. */
export async function rotateKemKey(
  network: LocalNetwork,
  account: Hex,
  kemKey: Hex,
): Promise<void> {
  const { nodeRegistry } = network.hospitals[0]!.open.components.contracts;
  await network.chain.setBalance(account, 10n ** 21n);
  await network.chain.rpc.send('hardhat_impersonateAccount', [account]);
  const data = nodeRegistry.encode('rotateKemKey', [kemKey]);
  await mineCall(network, nodeRegistry.address, data, account);
  await network.settle();
}

/** Lets chain time pass to this second, and everybody see it. */
export async function passTo(network: LocalNetwork, seconds: number): Promise<void> {
  await network.chain.setTime(seconds);
  await network.chain.mine();
  await network.settle();
}

/** A reader's ticket for a request, honest but for what is spoilt. */
export function readerTicketOf(
  network: LocalNetwork,
  gateway: string,
  reader: Reader,
  requestDigest: Hex,
  spoilt: SpoiltTicket = {},
): Extract<GatewayTicket, { kind: 'reader' }> {
  const { components, self } = network.node(gateway).open;
  const fields = {
    reader: reader.nodeId,
    gateway: self.nodeId,
    requestDigest,
    expiry: components.now() + 300,
    nonce: BigInt(toHex(random(16))).toString(),
    ...spoilt.fields,
  };
  const { federationId, networkId, chainId } = reader.network;
  const digest = typedDigest('ReaderFetch', federationId, {
    ...fields,
    networkId,
    chainId: BigInt(chainId),
    expiry: BigInt(fields.expiry),
    nonce: BigInt(fields.nonce),
  });
  const { gateway: _, ...shown } = fields;
  const signature = signDigest(spoilt.signingKey ?? reader.signingKey, digest);
  return { kind: 'reader', ...shown, signature };
}

/** What differs from an honest ticket; signed after that. */
export interface SpoiltTicket {
  readonly fields?: Partial<{
    reader: Hex;
    gateway: Hex;
    requestDigest: Hex;
    expiry: number;
    nonce: string;
  }>;
  readonly signingKey?: Uint8Array;
}

/** Asks a node's gateway for one content with a ticket, and reads the answer to its end. */
export async function fetchWithTicket(
  network: LocalNetwork,
  gateway: string,
  ticket: GatewayTicket,
  content: { readonly owner: string; readonly cid: string },
): Promise<{ status: number; headers: object; body: string }> {
  const frame = Buffer.from(encodeMessage(ticket)).toString('base64url');
  const answer = await network.node(gateway).open.gatewayDoor({
    method: 'GET',
    path: `/ipfs/${content.cid}`,
    query: new URLSearchParams({ format: 'car' }),
    headers: { [TICKET_HEADER]: frame, 'carelattice-owner': content.owner },
  });
  const pieces: Uint8Array[] = [];
  for await (const piece of answer.body === undefined ? [] : piecesOf(answer.body))
    pieces.push(piece);
  return {
    status: answer.status,
    headers: answer.headers,
    body: Buffer.concat(pieces).toString('hex'),
  };
}

/** The status with which a gateway answers an honest ticket for a granted record. */
export async function ticketStatus(
  network: LocalNetwork,
  gateway: string,
  reader: Reader,
  request: WireReadRequest,
  { anchor, recordCid }: { readonly anchor: Hex; readonly recordCid: string },
): Promise<number> {
  const ticket = readerTicketOf(network, gateway, reader, requestDigestOf(reader, request));
  const wanted = { owner: anchor, cid: recordCid };
  return (await fetchWithTicket(network, gateway, ticket, wanted)).status;
}
