/** Small faults for Solidity sources: each one must be noticed by a test. */

export interface Mutation {
  readonly line: number;
  readonly before: string;
  readonly after: string;
  /** The whole source with the fault. */
  readonly source: string;
}

/** Signature, tombstone, epoch, expiry: here no fault may stay unnoticed. */
const CRITICAL =
  /signature|SignerCheck|recovered|REVOKED|asRevoked|epoch|notBefore|notAfter|submitBy|checkTime|frozen/i;

/** Faults that nobody could see, by the line they leave, and why: no test can notice them. */
const EQUIVALENT: ReadonlyMap<string, string> = new Map([
  [
    'if (block.timestamp <= _freezesEnd && block.timestamp < _accounts[account].frozenUntil)',
    'no account is frozen at _freezesEnd any more; the first comparison only saves a read',
  ],
  [
    'if (gasleft() <= NEEDED_GAS) revert INetworkDomain.TooLittleGas(NEEDED_GAS);',
    'one unit of gas more is asked for',
  ],
]);

/** Why a fault is none; undefined for one that a test must notice. */
export const sameBecause = ({ after }: Mutation): string | undefined => EQUIVALENT.get(after);

export const isCritical = ({ before }: Mutation): boolean => CRITICAL.test(before);

type Swap = readonly [from: RegExp, to: string];

/** Each place where `from` stands is a mutation of its own. */
const SWAPS: readonly Swap[] = [
  [/(?<![<=>])<=(?!=)/g, '<'],
  [/(?<![<=>])>=(?!=)/g, '>'],
  [/(?<=\s)<(?=\s)/g, '<='],
  [/(?<=\s)>(?=\s)/g, '>='],
  [/==/g, '!='],
  [/!=/g, '=='],
  [/&&/g, '||'],
  [/\|\|/g, '&&'],
  [/!(?=[\w(])/g, ''],
  [/\breturn false;/g, 'return true;'],
  [/\breturn true;/g, 'return false;'],
  [/\bNONE\b/g, 'ACTIVE'],
  [/\bACTIVE\b/g, 'REVOKED'],
  [/\bREVOKED\b/g, 'ACTIVE'],
  [/\bREVOKE(?=,)/g, 'REVOKE_ALL'],
  [/\bREVOKE_ALL(?=,)/g, 'CHANGE_AUTHORITY'],
  [/\bRECORDING\b/g, 'READER'],
  [/(?<=<< |>> )\d+/g, '7'],
  [/(?<=\) )\+ 1\b/g, '+ 2'],
  [/\bmul\((\w+), 32\)/g, 'mul($1, 31)'],
  [/(?<=\badd\(\w+, )32(?=\))/g, '31'],
  [/\blt\(/g, 'gt('],
  [/\bgt\(/g, 'lt('],
  [/\band\(/g, 'or('],
  [/\biszero\(/g, 'not('],
  [/(?<=Copy\(|copy\([^)]*\), \w+, |keccak256\(\w+, )(\d{3})\b/g, '32'],
  [/(?<=, at, |, base, )(\d+)\)/g, '0)'],
];

const isCode = (line: string): boolean =>
  !/^\s*(\/\/|import|pragma|contract|library|type|using|struct|constructor|function|mapping|uint256 (private|internal) constant|uint8 (private )?constant|bytes\d+ (private|internal) constant|modifier)/.test(
    line,
  );

export function mutationsOf(source: string): Mutation[] {
  const lines = source.split('\n');
  const changed = (index: number, count: number, after: string): Mutation => ({
    line: index + 1,
    before: lines
      .slice(index, index + count)
      .join(' ')
      .trim(),
    after: after.trim(),
    source: [...lines.slice(0, index), after, ...lines.slice(index + count)].join('\n'),
  });
  return lines.flatMap((line, index) => {
    if (!isCode(line)) return [];
    const [code = ''] = line.split('//');
    const swapped = SWAPS.flatMap(([from, to]) =>
      [...code.matchAll(from)].map(({ index: at, 0: found }) => {
        const there = new RegExp(from.source); // without context it may not fit: then the text is taken as it is
        const given = there.test(found) ? found.replace(there, to) : to;
        return changed(index, 1, line.slice(0, at) + given + line.slice(at + found.length));
      }),
    );
    return [...swapped, ...dropped(lines, index).map((count) => changed(index, count, ''))];
  });
}

/** How many lines from here are one statement that can be left out: a guard, an assignment, a call, an event. */
function dropped(lines: readonly string[], index: number): number[] {
  const line = lines[index] ?? '';
  const isStatement =
    /^\s+(if \(.*|emit .*|_\w+\(.*|\w+(\[[^\]]+\])*(\.\w+)* = .*|[\w.]+\(.*\);|revert .*)$/;
  const declares = /^\s+(bytes|uint|bool|address|string|\w+ (memory|calldata|storage) )/;
  if (!isStatement.test(line) || declares.test(line)) return [];
  let count = 1;
  while (count < 4 && !/;\s*(\/\/.*)?$/.test(lines[index + count - 1] ?? '')) count += 1;
  const text = lines.slice(index, index + count).join('\n');
  const depth = [...text].reduce(
    (sum, c) => sum + Number('({'.includes(c)) - Number(')}'.includes(c)),
    0,
  );
  return depth === 0 && /;\s*(\/\/.*)?$/.test(text) ? [count] : [];
}
