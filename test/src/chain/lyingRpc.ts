import type { Rpc } from '../../../src/chain/rpc.ts';
import { CarelatticeError } from '../../../src/errors.ts';

/** What a lie makes of an honest answer; called once per answer. */
export type Lie = (method: string, answer: unknown, params: readonly unknown[]) => unknown;

/** A node that answers through `lie`; a thrown `CarelatticeError` is its refusal. */
export function lyingRpc(honest: Rpc, lie: Lie): Rpc {
  return {
    endpoint: 'liar',
    async send(method, params, options) {
      return lie(method, await honest.send(method, params, options), params);
    },
    async batch(calls, options) {
      const answers = await honest.batch(calls, options);
      return calls.map(({ method, params }, index) => {
        const answer = answers[index];
        if (answer?.ok !== true) throw answer?.error ?? new Error('no answer');
        try {
          return { ok: true, result: lie(method, answer.result, params) };
        } catch (error) {
          if (error instanceof CarelatticeError) return { ok: false, error };
          throw error;
        }
      });
    },
  };
}
