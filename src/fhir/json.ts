/** An object of parsed JSON whose members have not been checked. */
export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a member that may be missing, one object, a list of them, or anything else. */
export function objectsOf(value: unknown): JsonObject[] {
  if (isObject(value)) return [value];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The text, or undefined for anything that is none. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export interface Visited {
  readonly value: JsonObject;
  /** Path from the root, such as `.name[0]`; empty at the root. */
  readonly path: string;
}

/** Every object in `root`, itself first, in document order. Keeps its own stack, so depth does not matter. */
export function* objectsWithin(root: unknown): Generator<Visited> {
  const stack: { value: unknown; path: string }[] = [{ value: root, path: '' }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, path } = next;
    if (Array.isArray(value)) {
      for (let i = value.length - 1; i >= 0; i--)
        stack.push({ value: value[i], path: `${path}[${i}]` });
    } else if (isObject(value)) {
      yield { value, path };
      const members = Object.entries(value);
      for (let i = members.length - 1; i >= 0; i--) {
        const [key, member] = members[i] ?? ['', undefined];
        if (typeof member === 'object') stack.push({ value: member, path: `${path}.${key}` });
      }
    }
  }
}

/** The value at a path such as `.name[0].given`, or undefined; `.value[x]` is the choice that is there. */
export function valueAt(root: unknown, path: string): unknown {
  let value = root;
  for (const step of path.match(/[^.[\]]+(?:\[x\])?/g) ?? []) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isObject(value))
      value = value[step.endsWith('[x]') ? chosen(value, step.slice(0, -3)) : step];
    else return undefined;
  }
  return value;
}

/** `valueQuantity` for `value`. */
function chosen(object: JsonObject, name: string): string {
  const choices = Object.keys(object).filter((key) => key.startsWith(name));
  return choices.find((key) => /^[A-Z]/.test(key.slice(name.length))) ?? name;
}
