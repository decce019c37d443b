import { CarelatticeError, messageOf } from '../errors.ts';
import { batchAnswersOf, rpcAnswerOf, rpcMalformed } from './rpcAnswer.ts';
import type { RpcAnswer, RpcCall } from './rpcAnswer.ts';
import type { Rpc, RpcOptions } from './rpc.ts';

export interface HttpRpcLimits {
  /** Milliseconds until an unanswered call is given up, its body included. Default 5,000. */
  readonly timeoutMs?: number;
  /** Bytes of one answer. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Calls of one HTTP request. Default 100. */
  readonly maxBatch?: number;
}

const RETRYABLE_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);
const DROPPED_SOCKET = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/**
 * JSON-RPC over HTTP(S). Follows no redirect, so that a question never reaches another host.
 * @throws `BadRpcUrl` at once when the URL is none that can be asked.
 */
export function httpRpc(url: string, limits: HttpRpcLimits = {}): Rpc {
  const endpoint = endpointOf(url);
  const { timeoutMs = 5_000, maxBytes = 64 * 1024 * 1024, maxBatch = 100 } = limits;
  let nextId = 1;

  async function post(body: unknown, options: RpcOptions): Promise<unknown> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    try {
      const response = await openOnce(url, JSON.stringify(body), signal);
      const text = await textWithin(response, maxBytes, endpoint);
      return jsonOf(response, text, endpoint);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof CarelatticeError) throw error;
      throw unreachable(endpoint, timeout.aborted ? 'timeout' : reasonOf(error), error);
    }
  }

  async function send(method: string, params: readonly unknown[], options: RpcOptions = {}) {
    const id = nextId++;
    const value = await post({ jsonrpc: '2.0', id, method, params }, options);
    const answer = rpcAnswerOf(value, id, { method, params }, endpoint);
    if (!answer.ok) throw answer.error;
    return answer.result;
  }

  async function batch(calls: readonly RpcCall[], options: RpcOptions = {}) {
    const answers: RpcAnswer[] = [];
    for (let start = 0; start < calls.length; start += maxBatch) {
      const part = calls.slice(start, start + maxBatch);
      const firstId = nextId;
      nextId += part.length;
      const body = part.map((call, index) => ({ jsonrpc: '2.0', id: firstId + index, ...call }));
      answers.push(...batchAnswersOf(await post(body, options), firstId, part, endpoint));
    }
    return answers;
  }

  return { endpoint, send, batch };
}

/** Servers close idle sockets just when we write to them: one more try, on a new socket. */
async function openOnce(url: string, body: string, signal: AbortSignal): Promise<Response> {
  const request: RequestInit = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    redirect: 'error',
    signal,
  };
  try {
    return await fetch(url, request);
  } catch (error) {
    if (signal.aborted || !DROPPED_SOCKET.has(reasonOf(error))) throw error;
    return await fetch(url, request);
  }
}

async function textWithin(response: Response, maxBytes: number, endpoint: string): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  const parts: string[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw new CarelatticeError('RpcAnswerTooLarge', 'ask for fewer blocks at once', {
        facts: { endpoint, maxBytes },
      });
    }
    parts.push(decoder.decode(value, { stream: true }));
  }
  parts.push(decoder.decode());
  return parts.join('');
}

function jsonOf(response: Response, text: string, endpoint: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // Nodes may send a JSON-RPC error with a status of their own: then the body tells more.
    if (response.ok || isRpcAnswer(value)) return value;
  } catch (cause) {
    if (response.ok) throw rpcMalformed(endpoint, 'no JSON', cause);
  }
  throw new CarelatticeError('ChainUnreachable', 'the node did not answer the call', {
    facts: {
      endpoint,
      status: response.status,
      retryAfter: response.headers.get('retry-after') ?? '',
    },
    retryable: RETRYABLE_STATUS.has(response.status),
  });
}

const isRpcAnswer = (value: unknown): boolean =>
  Array.isArray(value) || (typeof value === 'object' && value !== null && 'jsonrpc' in value);

function unreachable(endpoint: string, reason: string, cause: unknown): CarelatticeError {
  return new CarelatticeError(
    'ChainUnreachable',
    'no answer from the node; check that it runs and that the RPC URL is right',
    { facts: { endpoint, reason }, cause, retryable: true },
  );
}

/** The system's code (`ECONNREFUSED`, `UND_ERR_SOCKET`) where fetch hides one in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : messageOf(error);
}

function endpointOf(url: string): string {
  const parsed = URL.parse(url);
  const usable = parsed !== null && /^https?:$/.test(parsed.protocol);
  if (!usable || parsed.username !== '' || parsed.password !== '') {
    throw new CarelatticeError(
      'BadRpcUrl',
      'an RPC URL begins with http:// or https:// and holds no user name or password',
      { facts: { protocol: parsed?.protocol ?? 'none', host: parsed?.host ?? '' } },
    );
  }
  return parsed.host;
}
