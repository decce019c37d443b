import { CarelatticeError } from '../errors.ts';
import { utf8 } from '../hash/bytes.ts';
import { parseCid } from './cid.ts';
import { MAX_CONTENTS } from './contentStore.ts';

/** One content that an asker names, and why it may have it. */
export interface RequestedContent {
  /** Anchor of the record, id of the wrap, digest of the presence query. */
  owner: string;
  /** Root CID of the content. */
  cid: string;
  /** One block of the content instead of the whole. Only with the format `raw`. */
  block?: string;
  /** What the asker shows for its right; opaque here, read by `mayFetch`. */
  ground?: string;
}

export type GatewayFormat = 'car' | 'raw';

const MAX_OWNER = 80;
const MAX_GROUND = 16_384;

/** JSON: `{"contents": [{"owner", "cid", "block"?, "ground"?}, ...]}`, 1 to 256 of them. */
export function encodeGatewayRequest(contents: readonly RequestedContent[]): Uint8Array {
  const plain = contents.map(({ owner, cid, block, ground }) => ({ owner, cid, block, ground }));
  return utf8(JSON.stringify({ contents: plain }));
}

/** @throws `BadGatewayRequest`, `BadCid` */
export function decodeGatewayRequest(body: Uint8Array): RequestedContent[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw badRequest('not JSON', cause);
  }
  const { contents, ...rest } = fieldsOf(value);
  if (!Array.isArray(contents) || Object.keys(rest).length > 0) throw badRequest('no list');
  if (contents.length === 0 || contents.length > MAX_CONTENTS) {
    throw badRequest(`1 to ${MAX_CONTENTS} contents`);
  }
  const read = contents.map(readContent);
  // A CAR names each root once.
  if (new Set(read.map(({ cid }) => cid)).size !== read.length) throw badRequest('a CID twice');
  return read;
}

/** Checks what one content may look like, from a body or from headers. @throws as {@link decodeGatewayRequest} */
export function readContent(value: unknown): RequestedContent {
  const { owner, cid, block, ground, ...rest } = fieldsOf(value);
  if (Object.keys(rest).length > 0) throw badRequest('an unknown field');
  const content: RequestedContent = { owner: text(owner, MAX_OWNER), cid: cidText(cid) };
  if (block !== undefined) content.block = cidText(block);
  if (ground !== undefined) content.ground = text(ground, MAX_GROUND);
  return content;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('not an object');
  }
  return { ...value };
}

function text(value: unknown, most: number): string {
  if (typeof value !== 'string' || value.length > most)
    throw badRequest('a field is no short text');
  return value;
}

function cidText(value: unknown): string {
  const cid = text(value, 100);
  parseCid(cid);
  return cid;
}

const badRequest = (why: string, cause?: unknown): CarelatticeError =>
  new CarelatticeError('BadGatewayRequest', `not a request to a gateway: ${why}`, { cause });
