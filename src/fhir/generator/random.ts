/** Repeatable choices: the same seed gives the same patients on every machine. Not for keys. */
export interface SeededRandom {
  /** 0 up to, without, 1. */
  next(): number;
  /** Whole number from `low` to `high`, both possible. */
  between(low: number, high: number): number;
  pick<T>(list: readonly T[]): T;
  /** Some of `list`, each at most once, in random order. */
  some<T>(list: readonly T[], count: number): T[];
  uuid(): string;
}

/** sfc32 (Chris Doty-Humphrey), seeded by FNV-1a of the text of `seed`. */
export function seededRandom(seed: string | number): SeededRandom {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, fnv(String(seed)), 1];
  const next32 = (): number => {
    const sum = (a + b + d++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 16; i++) next32();
  const next = (): number => next32() / 2 ** 32;
  const between = (low: number, high: number): number =>
    low + Math.floor(next() * (high - low + 1));
  const pick = <T>(list: readonly T[]): T => {
    const [choice] = list.slice(between(0, list.length - 1));
    if (choice === undefined) throw new RangeError('nothing to pick from');
    return choice;
  };
  return {
    next,
    between,
    pick,
    some(list, count) {
      const left = [...list];
      return Array.from({ length: Math.min(count, left.length) }, () => {
        const [choice] = left.splice(between(0, left.length - 1), 1);
        if (choice === undefined) throw new RangeError('nothing to pick from');
        return choice;
      });
    },
    uuid() {
      const hex = Array.from({ length: 4 }, () => next32().toString(16).padStart(8, '0')).join('');
      const variant = '89ab'[between(0, 3)] ?? '8';
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}

function fnv(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}
