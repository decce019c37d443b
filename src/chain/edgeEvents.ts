import type { BaseContract, Interface } from 'ethers';
import type { TypedContractEvent } from '../../typechain-types/common.ts';
import type {
  AccessLedger,
  AccessManager,
  ConsentRegistry,
  Consortium,
  NodeRegistry,
  PatientRegistry,
  RecordExchange,
  RecordLocator,
} from '../../typechain-types/index.ts';
import type { Hex } from '../hash/bytes.ts';
import { eventReader } from './eventLayout.ts';
import type { EventReader } from './eventLayout.ts';
import type { RawLog } from './logs.ts';
import { rpcMalformed } from './rpcAnswer.ts';

/** The contracts of an edge network, as the manifest names them, that nodes call and read. */
export interface EdgeContractTypes {
  readonly Consortium: Consortium;
  readonly AccessManager: AccessManager;
  readonly NodeRegistry: NodeRegistry;
  readonly PatientRegistry: PatientRegistry;
  readonly ConsentRegistry: ConsentRegistry;
  readonly AccessLedger: AccessLedger;
  readonly RecordExchange: RecordExchange;
  readonly RecordLocator: RecordLocator;
}

export type ContractName = keyof EdgeContractTypes;

/** Event arguments of type `string`; every other text is an address or bytes (a test compares the ABI). */
export type TextArgument = 'name' | 'endpoint' | 'label';

type ArgumentOf<Name, Value> = Name extends TextArgument
  ? Value
  : Value extends string
    ? Hex
    : Value extends readonly string[]
      ? readonly Hex[]
      : Value;

type ArgumentsOf<Output> = { readonly [Name in keyof Output]: ArgumentOf<Name, Output[Name]> };

/** Where and when an event happened. `time` in seconds of block time, `from` the sender of the transaction. */
export interface EventPlace {
  readonly block: number;
  readonly blockHash: Hex;
  readonly time: number;
  readonly transactionHash: Hex;
  readonly logIndex: number;
  readonly from: Hex;
}

/** TypeChain keys each filter by name and by signature; the name is the event's. */
type EventNames<C extends BaseContract> = Exclude<
  keyof C['filters'],
  `${string}(${string}` | number | symbol
>;

type EventParts<E> =
  E extends TypedContractEvent<infer I, infer T, infer O>
    ? { readonly input: I; readonly tuple: T; readonly object: O }
    : never;

type EventOf<Contract, C extends BaseContract> = {
  [Name in EventNames<C>]: {
    readonly contract: Contract;
    readonly name: Name;
    readonly args: ArgumentsOf<EventParts<C['filters'][Name]>['object']>;
  } & EventPlace;
}[EventNames<C>];

/**
 * Every event of the edge contracts, told apart by `name` (and `contract`). Integers are bigint, bytes
 * and addresses lower-case hex.
 */
export type EdgeEvent = {
  [Name in ContractName]: EventOf<Name, EdgeContractTypes[Name]>;
}[ContractName];

export interface EventSource {
  readonly name: ContractName;
  readonly address: Hex;
  readonly abi: Interface;
}

/** A decoder for the logs of these contracts; undefined for an event that no ABI names. */
export function eventDecoder(sources: readonly EventSource[]) {
  const known = new Map<string, KnownEvent>();
  for (const { name: contract, address, abi } of sources) {
    abi.forEachEvent((fragment) => {
      const event = { contract, name: fragment.name, read: eventReader(fragment) };
      known.set(`${address} ${fragment.topicHash}`, event);
    });
  }
  /** @throws `RpcMalformed` when the log does not fit the event that it names */
  return function decode(log: RawLog, time: number, from: Hex): EdgeEvent | undefined {
    const found = known.get(`${log.address} ${log.topics[0]}`);
    if (found === undefined) return undefined;
    const event = {
      contract: found.contract,
      name: found.name,
      args: argumentsOf(found, log),
      block: log.block,
      blockHash: log.blockHash,
      time,
      transactionHash: log.transactionHash,
      logIndex: log.logIndex,
      from,
    };
    // TypeChain's types describe the same ABI that the reader was made from.
    return event as unknown as EdgeEvent;
  };
}

interface KnownEvent {
  readonly contract: ContractName;
  readonly name: string;
  readonly read: EventReader;
}

function argumentsOf({ contract, name, read }: KnownEvent, log: RawLog): unknown {
  try {
    return read(log);
  } catch (cause) {
    throw rpcMalformed(contract, `log of ${name}`, cause);
  }
}
