import { sha256 } from '#sha256';
import { bodyKeyOf, innerKeyOf } from '../../crypto/derivations.ts';
import { padmeSize } from '../../crypto/padme.ts';
import { anchorOf, recordRoots, type RecordRoots } from '../../crypto/recordRoots.ts';
import { plainSizeAt, sealSegment, segmentCount } from '../../crypto/segments.ts';
import { stringifyExact } from '../../fhir/exactJson.ts';
import { fromHex, utf8, type Hex } from '../../hash/bytes.ts';
import { encodeInnerHeader } from '../../wire/innerHeader.ts';
import { decodeRecordHeader, recordHeaderHash } from '../../wire/recordHeader.ts';
import type { ExportedRecord } from './exportItems.ts';

/** The plaintext of a record's body; undefined unless exactly one of its three forms is there. */
export function bodyOf({ bundle, text, bytes }: ExportedRecord): Uint8Array | undefined {
  if ([bundle, text, bytes].filter((form) => form !== undefined).length !== 1) return undefined;
  if (bytes !== undefined) return fromHex(bytes);
  return utf8(text ?? stringifyExact(bundle));
}

export interface SealedAgain extends RecordRoots {
  readonly anchor: Hex;
}

/**
 * Seals an opened record once more under its own key and nonces, which gives the object that its author made, and says
 * the digests of that. Undefined when the sizes do not fit the header: then it was another record.
 * @throws `RecordMalformed` for bytes that are no header, `BadAbi`
 */
export function sealedAgain(record: ExportedRecord, body: Uint8Array): SealedAgain | undefined {
  const clear = fromHex(record.header, 137);
  const header = decodeRecordHeader(clear);
  if (padmeSize(body.length) !== header.bodySize) return undefined;
  const headerHash = recordHeaderHash(clear);
  const recordKey = fromHex(record.recordKey, 32);
  const { noncePrefix } = header;
  const cipher = { key: bodyKeyOf(recordKey), noncePrefix, headerHash };
  const segments = segmentCount(header);
  const hashes = Array.from({ length: segments }, (_, index) => {
    const plain = new Uint8Array(plainSizeAt(header, index));
    const from = index * header.segmentSize;
    plain.set(body.subarray(from, from + plain.length));
    return sha256(sealSegment(cipher, index, index === segments - 1, plain));
  });
  const { message, signature } = record;
  const inner = sealSegment(
    { key: innerKeyOf(recordKey), noncePrefix, headerHash },
    0,
    true,
    encodeInnerHeader({ message, signature }),
  );
  if (inner.length !== header.innerSize) return undefined;
  const roots = recordRoots(headerHash, hashes, inner);
  return { ...roots, anchor: anchorOf(record.recordSalt, roots) };
}
