/** Times that somebody is asked before a program gives up; each pause is about a quarter of a second. */
export const PATIENCE = 240;

/** Asks until there is an answer, with a pause after each time. @throws `otherwise`, and what asking throws */
export async function until<T>(
  { pause }: { pause(): Promise<void> },
  ask: () => Promise<T | undefined>,
  otherwise: () => Error,
): Promise<T> {
  for (let times = 0; times < PATIENCE; times++) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await pause();
  }
  throw otherwise();
}
