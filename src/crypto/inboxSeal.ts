import { fromHex, type Hex, toHex, utf8 } from '../hash/bytes.ts';
import { labelledHash } from '../hash/labelled.ts';
import { type Notice, notice } from '../wire/inboxMessages.ts';
import { decodeMessage, encodeMessage } from '../wire/messages.ts';
import { type KemKeyPair, kemPublicKeyOf, openWith, sealTo } from './hpkeSealing.ts';

/** An item of a patient's inbox: HPKE to her inbox key, bound to network, patient, sender and id. */

export interface ItemAddress {
  readonly networkId: Hex;
  readonly patientId: Hex;
  /** Node that sends it. */
  readonly from: Hex;
  readonly id: Hex;
}

const contextOf = ({ networkId, patientId, from, id }: ItemAddress) => ({
  info: utf8('carelattice/v1/inbox'),
  aad: labelledHash('inbox', ...[networkId, patientId, from, id].map((part) => fromHex(part, 32))),
});

/** @param inboxKey as a registry writes KEM keys @throws `UnknownSuite`, `SuiteRefused`, `BadKemKey` */
export const sealNotice = async (
  inboxKey: Hex,
  address: ItemAddress,
  content: Notice,
): Promise<Hex> =>
  toHex(await sealTo(kemPublicKeyOf(inboxKey), encodeMessage(content), contextOf(address)));

/** @throws `OpeningFailed`, `MalformedBody` */
export const openNotice = async (
  keyPair: KemKeyPair,
  address: ItemAddress,
  sealed: Hex,
): Promise<Notice> =>
  decodeMessage(notice, await openWith(keyPair, fromHex(sealed), contextOf(address)));
