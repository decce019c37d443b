import { CarelatticeError } from '../../errors.ts';
import { concat, fromHex, type Hex, toHex, toNumber, uint } from '../../hash/bytes.ts';
import { labelledHash } from '../../hash/labelled.ts';

/** What an emergency card says: where she is known, and the secret that finds her custodians. Opens nothing by itself. */
export interface EmergencyCard {
  readonly networkId: Hex;
  readonly patientId: Hex;
  /** 32 bytes. */
  readonly secret: Hex;
  readonly cardEpoch: number;
}

const PREFIX = 'CARELATTICE1:';
const CHECK = 4;

const checkOf = (bytes: Uint8Array): Uint8Array =>
  labelledHash('card-text', bytes).subarray(0, CHECK);

/** One line of capital letters and digits, which a QR code packs best: 180 characters. */
export function cardText({ networkId, patientId, secret, cardEpoch }: EmergencyCard): string {
  const bytes = concat(
    ...[networkId, patientId, secret].map((part) => fromHex(part, 32)),
    uint(cardEpoch, 4),
  );
  return PREFIX + base32(concat(bytes, checkOf(bytes)));
}

/** Spaces, line ends and small letters are forgiven. @throws `CardMalformed` */
export function readCard(text: string): EmergencyCard {
  const plain = text.replace(/\s/g, '').toUpperCase();
  const all = plain.startsWith(PREFIX) ? fromBase32(plain.slice(PREFIX.length)) : undefined;
  if (all?.length !== 100 + CHECK) throw malformed();
  const bytes = all.subarray(0, 100);
  if (toHex(checkOf(bytes)) !== toHex(all.subarray(100))) throw malformed();
  return {
    networkId: toHex(bytes.subarray(0, 32)),
    patientId: toHex(bytes.subarray(32, 64)),
    secret: toHex(bytes.subarray(64, 96)),
    cardEpoch: toNumber(bytes.subarray(96)),
  };
}

const malformed = (): CarelatticeError =>
  new CarelatticeError('CardMalformed', 'this is no emergency card; read it again');

/** For a wallet or a purse; the line is also what a QR code of it holds. */
export function printedCard(card: EmergencyCard, networkName: string): string {
  const line = cardText(card);
  const rows = line.match(/.{1,44}/g) ?? [];
  return [
    'EMERGENCY CARD',
    `Network: ${networkName}   Card: ${card.cardEpoch}`,
    'For the treating clinician: your hospital can open an emergency summary',
    'with this card. Every opening is logged and told to the patient.',
    '',
    ...rows,
    '',
  ].join('\n');
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET[(value >>> (bits - 5)) & 31];
    value &= 31;
  }
  return bits === 0 ? text : text + ALPHABET[(value << (5 - bits)) & 31];
}

/** Undefined for a character that is none, or bits that fill no byte and are not zero. */
function fromBase32(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit === -1) return undefined;
    value = ((value & 0xff) << 5) | digit;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >>> bits) & 0xff);
    }
  }
  return (value & ((1 << bits) - 1)) === 0 ? Uint8Array.from(bytes) : undefined;
}
