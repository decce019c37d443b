import { CarelatticeError } from '../../errors.ts';
import { plainLine } from '../plainLine.ts';

/** What a patient reads who has her records back. */

/** What became of a patient who had lost every slot. */
export interface Recovered {
  readonly patientId: string;
  /** Categories whose key no node had. */
  readonly lost: readonly string[];
  /** Nodes that gave nothing, with the code of the error: she has left them. */
  readonly left: readonly string[];
  /** By node: records sealed to her new keys, or the error. */
  readonly sealed: readonly {
    readonly node: string;
    readonly outcome: number | CarelatticeError;
  }[];
}

/** @returns whether every node has sealed her records anew */
export function recoveredLines({ patientId, lost, left, sealed }: Recovered): {
  readonly lines: readonly string[];
  readonly isDone: boolean;
} {
  const isDone = sealed.every(({ outcome }) => typeof outcome === 'number');
  return {
    isDone,
    lines: [
      `The wallet is hers again: on chain she is ${patientId} as before, and a new root key stands behind everything.`,
      ...sealed.map(({ node, outcome }) =>
        typeof outcome === 'number'
          ? `${node} has sealed ${outcome === 1 ? '1 record' : `${outcome} records`} anew, to the new keys.`
          : plainLine(
              `${node} HAS NOT sealed her records anew (${outcome.code}): ${outcome.message}`,
            ),
      ),
      ...left.map(
        (node) => `She has left ${node}: it gave nothing. Enrol her there again if she wishes.`,
      ),
      ...(lost.length === 0
        ? []
        : [`Lost with the old keys, since no node was given theirs: ${lost.join(', ')}.`]),
      'Consents that she signed before have ended; an emergency card is to be made anew.',
      ...(isDone ? [] : ['Run this again for the nodes that have not.']),
    ],
  };
}
