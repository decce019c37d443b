import type { Random } from '../src/domain/random.ts';
import { concat, uint, utf8 } from '../src/hash/bytes.ts';
import { hkdf } from '../src/hash/labelled.ts';

/** Bytes that look random and are the same in every run: gas depends on the zero bytes of its data. */
export function seededBytes(seed: string): Random {
  let block = 0;
  return (length) => {
    let out: Uint8Array = new Uint8Array(0);
    while (out.length < length) out = concat(out, hkdf(utf8(seed), 'bench', uint(block++, 8)));
    return out.slice(0, length);
  };
}
