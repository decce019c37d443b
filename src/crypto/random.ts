/** Where random bytes come from; an argument only so that vectors can be made. */
export type RandomSource = (size: number) => Uint8Array;

/** `size` (up to 65,536) bytes of the system's random generator. */
export const randomBytes: RandomSource = (size) =>
  globalThis.crypto.getRandomValues(new Uint8Array(size));
