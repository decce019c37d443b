import { z } from 'zod';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { parsedAs } from './consentFile.ts';
import { type ReadPackage, readPackageOf } from './readPackage.ts';
import type { AccessReceipt } from './typedData.ts';
import { hexJson, jsonOf, typedDataJson } from './typedDataJson.ts';

/** What a reader keeps of a reading, to show the patient or whom she lets look: it names her and what was read under. */
export interface ShownReceiptFile {
  readonly receipt: AccessReceipt;
  /** The holder's, 65 bytes. */
  readonly signature: Hex;
  /** The consent under which it was given, as the reader showed it: says whose records it is about. */
  readonly shown: ReadPackage;
}

export const RECEIPT_FORMAT = 'carelattice/access-receipt/1';

const receiptJson = z.strictObject({
  format: z.literal(RECEIPT_FORMAT),
  receipt: typedDataJson('AccessReceipt'),
  signature: hexJson,
  shown: z.unknown(),
});

/** As JSON with a line feed at its end; numbers as `typedDataJson` has them. */
export const receiptFileText = (file: ShownReceiptFile): string =>
  `${JSON.stringify({ format: RECEIPT_FORMAT, ...Object(jsonOf(file)) }, undefined, 2)}\n`;

/** Reads such a file. @throws `MalformedReceipt` with the place */
export function parseReceiptFile(text: string): ShownReceiptFile {
  try {
    const { receipt, signature, shown } = parsedAs(receiptJson, JSON.parse(text));
    return { receipt, signature, shown: readPackageOf(shown) };
  } catch (cause) {
    throw new CarelatticeError(
      'MalformedReceipt',
      'the file is no receipt of a reading; take the one that read --receipt wrote',
      { facts: { problem: cause instanceof Error ? cause.message : String(cause) }, cause },
    );
  }
}
