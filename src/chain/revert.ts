import type { Interface } from 'ethers';
import { CarelatticeError } from '../errors.ts';
import type { ErrorFacts } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { revertDataOf } from './rpcAnswer.ts';

/** A custom error as a contract threw it; `name` is `Unknown` for data that no ABI at hand explains. */
export interface ContractError {
  readonly name: string;
  readonly facts: ErrorFacts;
}

/** Looks the error up in the ABIs; panics and `require` texts come from ethers' own table. */
export function contractErrorOf(data: Hex, abis: readonly Interface[]): ContractError {
  for (const abi of abis) {
    const parsed = data === '0x' ? null : abi.parseError(data);
    if (parsed === null) continue;
    const entries = parsed.fragment.inputs.map((input, index): [string, string] => [
      input.name || `argument${index}`,
      String(parsed.args[index]),
    ]);
    return { name: parsed.name, facts: Object.fromEntries(entries) };
  }
  return { name: 'Unknown', facts: { data: data.slice(0, 74) } };
}

/** `Reverted` with the contract's own error, by data. */
export function revertedBy(
  data: Hex,
  abis: readonly Interface[],
  where: ErrorFacts,
  cause?: unknown,
) {
  const { name, facts } = contractErrorOf(data, abis);
  return new CarelatticeError('Reverted', 'the contract refused the call', {
    facts: { ...facts, ...where, error: name },
    cause,
  });
}

/** `Reverted` when `error` is a node's report of a revert, else undefined. */
export function reverted(
  error: unknown,
  abis: readonly Interface[],
  where: ErrorFacts,
): CarelatticeError | undefined {
  if (!(error instanceof CarelatticeError)) return undefined;
  const data = revertDataOf(error);
  return data === undefined ? undefined : revertedBy(data, abis, where, error);
}
