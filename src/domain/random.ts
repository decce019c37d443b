/** Where random bytes come from: an argument everywhere, so that a test can repeat a run. */
export type Random = (length: number) => Uint8Array;

/** A uniform number below `bound` (at most 2^32), by rejection. */
function below(bound: number, random: Random): number {
  const limit = Math.floor(0x1_0000_0000 / bound) * bound;
  for (;;) {
    const bytes = random(4);
    const value = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
    if (value < limit) return value % bound;
  }
}

/** A shuffled copy (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = below(i + 1, random);
    const swap = out[i] as T; // i, j < length
    out[i] = out[j] as T;
    out[j] = swap;
  }
  return out;
}
