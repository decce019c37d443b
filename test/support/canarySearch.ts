/** Searches bytes for a secret in every way it may have been written. */

export interface Haystack {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where each needle was found: `file: needle (form)`. */
export function findings(
  haystacks: readonly Haystack[],
  needles: ReadonlyMap<string, Uint8Array>,
): string[] {
  const forms = [...needles].flatMap(([name, needle]) =>
    formsOf(Buffer.from(needle)).map((form) => ({ ...form, name })),
  );
  return haystacks.flatMap(({ name, bytes }) => {
    const hay = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const lower = Buffer.from(hay.toString('latin1').toLowerCase(), 'latin1');
    return forms
      .filter(({ bytes: form, anyCase }) => (anyCase ? lower : hay).includes(form))
      .map((form) => `${name}: ${form.name} (${form.kind})`);
  });
}

interface Form {
  kind: string;
  bytes: Buffer;
  /** Found in the lower-case copy. */
  anyCase?: boolean;
}

function formsOf(needle: Buffer): Form[] {
  return [
    { kind: 'raw', bytes: needle },
    { kind: 'hex', bytes: Buffer.from(needle.toString('hex')), anyCase: true },
    ...[0, 1, 2].flatMap((offset) => base64At(needle, offset)),
    ...textForms(needle),
  ];
}

/** The characters of base64 that depend on nothing but the needle, when it begins at `offset` of a group of three. */
function base64At(needle: Buffer, offset: number): Form[] {
  const from = offset === 0 ? 0 : 3 - offset;
  const whole = needle.subarray(from, from + 3 * Math.floor((needle.length - from) / 3));
  return (['base64', 'base64url'] as const).map((alphabet) => ({
    kind: `${alphabet} at offset ${offset}`,
    bytes: Buffer.from(whole.toString(alphabet)),
  }));
}

/** A needle that is text may also stand in UTF-16, or escaped in JSON. */
function textForms(needle: Buffer): Form[] {
  const text = needle.toString('utf8');
  if (!Buffer.from(text).equals(needle)) return [];
  const little = Buffer.from(text, 'utf16le');
  const escapes = text.replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return [
    { kind: 'UTF-16LE', bytes: little },
    { kind: 'UTF-16BE', bytes: Buffer.from(little).swap16() },
    { kind: 'JSON escapes', bytes: Buffer.from(escapes.toLowerCase()), anyCase: true },
  ];
}
