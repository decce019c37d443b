import { Interface, Result } from 'ethers';
import type { BaseContract, FunctionFragment, JsonFragment, ParamType } from 'ethers';
import type { TypedContractMethod } from '../../typechain-types/common.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { blockParameter } from './blocks.ts';
import type { BlockAt } from './blocks.ts';
import { hexOf } from './quantity.ts';
import { reverted } from './revert.ts';
import { sendAll } from './rpc.ts';
import type { Rpc, RpcOptions } from './rpc.ts';
import { rpcMalformed } from './rpcAnswer.ts';
import type { RpcCall } from './rpcAnswer.ts';

type MethodParts<M> =
  M extends TypedContractMethod<infer A, infer R, infer S>
    ? { readonly args: A; readonly result: R; readonly mutability: S }
    : never;

/** Names of the functions of a TypeChain contract. */
export type MethodName<C extends BaseContract> = {
  [N in keyof C]: [MethodParts<C[N]>] extends [never] ? never : N;
}[Exclude<keyof C, keyof BaseContract>] &
  string;

export type MethodArguments<C extends BaseContract, N extends MethodName<C>> = MethodParts<
  C[N]
>['args'];

type OnlyOne<R> = R extends readonly [infer Only] ? Only : R;

export type MethodResult<C extends BaseContract, N extends MethodName<C>> = OnlyOne<
  MethodParts<C[N]>['result']
>;

/** A question to a view function, for `readAll`. */
export interface Reading<R> {
  readonly call: (at: BlockAt) => RpcCall;
  readonly decode: (answer: unknown) => R;
}

/**
 * A deployed contract: encodes calls, reads views at a named block, decodes logs. Addresses and bytes
 * come out as lower-case hex, integers as bigint.
 */
export interface EdgeContract<C extends BaseContract> {
  readonly name: string;
  readonly address: Hex;
  readonly abi: Interface;
  /** Call data. */
  encode<N extends MethodName<C>>(method: N, args: MethodArguments<C, N>): Hex;
  /** Reads a view. @throws `Reverted` naming the custom error, or an error of the transport. */
  call<N extends MethodName<C>>(
    method: N,
    args: MethodArguments<C, N>,
    at: BlockAt,
    options?: RpcOptions,
  ): Promise<MethodResult<C, N>>;
  /** A view as a question that `readAll` sends with others. */
  reading<N extends MethodName<C>>(
    method: N,
    args: MethodArguments<C, N>,
  ): Reading<MethodResult<C, N>>;
}

export interface ContractPlace {
  readonly address: Hex;
  readonly abi: readonly JsonFragment[];
}

export function edgeContract<C extends BaseContract>(
  name: string,
  place: ContractPlace,
  rpc: Rpc,
): EdgeContract<C> {
  const abi = new Interface(place.abi);
  const address = place.address;

  function encode(method: string, args: readonly unknown[]): Hex {
    // ethers writes call data as lower-case hex.
    return abi.encodeFunctionData(method, args) as Hex;
  }

  function decode(method: string, answer: unknown): unknown {
    const fragment = abi.getFunction(method);
    const data = hexOf(answer, `${name}.${method}`);
    if (fragment?.outputs.length === 0) return undefined; // a function that is only tried
    if (fragment === null || data === '0x') {
      throw new CarelatticeError('NoContractCode', 'the contract gave no answer; is it deployed?', {
        facts: { contract: name, address, method },
      });
    }
    const result = decoded(fragment, data);
    return fragment.outputs.length === 1 ? result[0] : result;
  }

  function decoded(fragment: FunctionFragment, data: Hex): Result {
    try {
      return lowered(abi.decodeFunctionResult(fragment, data), fragment.outputs);
    } catch (cause) {
      throw rpcMalformed(rpc.endpoint, `answer of ${name}.${fragment.name}`, cause);
    }
  }

  const question = (method: string, args: readonly unknown[], at: BlockAt): RpcCall => ({
    method: 'eth_call',
    params: [{ to: address, data: encode(method, args) }, blockParameter(at)],
  });

  async function call(method: string, args: readonly unknown[], at: BlockAt, options?: RpcOptions) {
    const { method: rpcMethod, params } = question(method, args, at);
    try {
      return decode(method, await rpc.send(rpcMethod, params, options));
    } catch (error) {
      throw reverted(error, [abi], { contract: name, method }) ?? error;
    }
  }

  const reading = (method: string, args: readonly unknown[]) => ({
    call: (at: BlockAt) => question(method, args, at),
    decode: (answer: unknown) => decode(method, answer),
  });

  // TypeChain's types describe what ethers encodes and decodes by the same ABI.
  return { name, address, abi, encode, call, reading } as unknown as EdgeContract<C>;
}

/** Reads several views at one block, so that what they say belongs together. */
export async function readAll<R extends readonly unknown[]>(
  rpc: Rpc,
  at: Exclude<BlockAt, 'pending' | 'latest'>,
  readings: { readonly [I in keyof R]: Reading<R[I]> },
  options?: RpcOptions,
): Promise<R> {
  const calls = readings.map((reading) => reading.call(at));
  const answers = await sendAll(rpc, calls, options);
  // The answers stand in the order of the readings, each decoded by its own.
  return readings.map((reading, index) => reading.decode(answers[index])) as unknown as R;
}

/** The same result with addresses in lower case. */
export function lowered(result: Result, types: readonly ParamType[]): Result {
  const names = types.map((type) => type.name || null);
  const values = types.map((type, index) => loweredValue(result[index], type));
  return Result.fromItems(values, names);
}

function loweredValue(value: unknown, type: ParamType): unknown {
  if (type.baseType === 'address' && typeof value === 'string') return value.toLowerCase();
  if (!(value instanceof Result)) return value;
  const children = type.arrayChildren;
  if (children !== null) {
    return Result.fromItems(value.toArray().map((item) => loweredValue(item, children)));
  }
  return type.components === null ? value : lowered(value, type.components);
}
