import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';

/** One JSON-RPC question. */
export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** The answer to one call of a batch: a node may refuse one call and answer the others. */
export type RpcAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: CarelatticeError };

/** The error object of a JSON-RPC answer, kept as the cause of `RpcFailed`. */
export interface RpcErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
}

const MESSAGE_LIMIT = 300;

/** A node's own refusal as `RpcFailed`; `thrown` is a JSON-RPC error object or what a provider threw. */
export function rpcFailed(method: string, endpoint: string, thrown: unknown): CarelatticeError {
  const body = errorBodyOf(thrown);
  return new CarelatticeError('RpcFailed', 'the node refused the call', {
    facts: { method, endpoint, rpcCode: body.code, answer: body.message.slice(0, MESSAGE_LIMIT) },
    cause: body,
  });
}

/** An answer that is not the JSON-RPC that was asked for: another service, a proxy, a cut connection. */
export function rpcMalformed(endpoint: string, reason: string, cause?: unknown): CarelatticeError {
  return new CarelatticeError(
    'RpcMalformed',
    'the answer is not the JSON-RPC that was asked for; check what listens at this URL',
    { facts: { endpoint, reason }, cause, retryable: true },
  );
}

/** The body of the node's refusal behind `error`. */
export function errorBody(error: CarelatticeError): RpcErrorBody | undefined {
  if (error.code !== 'RpcFailed') return undefined;
  return errorBodyOf(error.cause);
}

/** What the EVM returned with a revert; `0x` for a revert without data, undefined for any other failure. */
export function revertDataOf(error: CarelatticeError): Hex | undefined {
  const body = errorBody(error);
  if (body === undefined) return undefined;
  const data = hexIn(body.data);
  if (data !== undefined) return data;
  return body.code === 3 || /revert/i.test(body.message) ? '0x' : undefined;
}

/** Clients put revert data at `data` (geth, anvil) or at `data.data` (Hardhat). */
function hexIn(data: unknown): Hex | undefined {
  if (typeof data === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(data)) {
    // The pattern has just proved the shape.
    return data.toLowerCase() as Hex;
  }
  if (typeof data === 'object' && data !== null && 'data' in data) return hexIn(data.data);
  return undefined;
}

function errorBodyOf(thrown: unknown): RpcErrorBody {
  if (typeof thrown !== 'object' || thrown === null) {
    return { code: 0, message: String(thrown), data: undefined };
  }
  const code = 'code' in thrown && typeof thrown.code === 'number' ? thrown.code : 0;
  const message = 'message' in thrown && typeof thrown.message === 'string' ? thrown.message : '';
  return { code, message, data: 'data' in thrown ? thrown.data : undefined };
}

/** One checked answer: `jsonrpc`, the id that was asked, and exactly one of result and error. */
export function rpcAnswerOf(
  value: unknown,
  id: number,
  call: RpcCall,
  endpoint: string,
): RpcAnswer {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw rpcMalformed(endpoint, 'no object');
  }
  if (!('jsonrpc' in value) || value.jsonrpc !== '2.0') throw rpcMalformed(endpoint, 'jsonrpc');
  if (!('id' in value) || value.id !== id) throw rpcMalformed(endpoint, 'wrong id');
  const hasError = 'error' in value && value.error !== undefined && value.error !== null;
  if (hasError) return { ok: false, error: rpcFailed(call.method, endpoint, value.error) };
  if (!('result' in value)) throw rpcMalformed(endpoint, 'neither result nor error');
  return { ok: true, result: value.result };
}

/** The checked answers of a batch in the order of `calls`, whatever order the node chose. */
export function batchAnswersOf(
  value: unknown,
  firstId: number,
  calls: readonly RpcCall[],
  endpoint: string,
): readonly RpcAnswer[] {
  if (!Array.isArray(value)) {
    const refusal: unknown = value;
    if (typeof refusal === 'object' && refusal !== null && 'error' in refusal) {
      throw rpcFailed('batch', endpoint, refusal.error);
    }
    throw rpcMalformed(endpoint, 'no list');
  }
  if (value.length !== calls.length) throw rpcMalformed(endpoint, 'wrong number of answers');
  const byId = new Map<unknown, unknown>();
  const list: readonly unknown[] = value;
  for (const answer of list) {
    if (typeof answer === 'object' && answer !== null && 'id' in answer)
      byId.set(answer.id, answer);
  }
  return calls.map((call, index) =>
    rpcAnswerOf(byId.get(firstId + index), firstId + index, call, endpoint),
  );
}
