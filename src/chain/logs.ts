import { getBytes, keccak256 } from 'ethers';
import type { Hex } from '../hash/bytes.ts';
import { fieldsOf, hexOf, listOf, numberOf, toQuantity } from './quantity.ts';
import type { RpcCall } from './rpcAnswer.ts';

/** A log as the node gave it, its fields checked. */
export interface RawLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly block: number;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly logIndex: number;
  readonly removed: boolean;
}

export const logsCall = (addresses: readonly Hex[], from: number, to: number): RpcCall => ({
  method: 'eth_getLogs',
  params: [{ address: addresses, fromBlock: toQuantity(from), toBlock: toQuantity(to) }],
});

export function logsOf(value: unknown): readonly RawLog[] {
  return listOf(value, 'logs').map((item) => {
    const log = fieldsOf(item, 'log');
    return {
      address: hexOf(log['address'], 'log.address', 20),
      topics: listOf(log['topics'], 'log.topics').map((topic) => hexOf(topic, 'log.topic', 32)),
      data: hexOf(log['data'], 'log.data'),
      block: numberOf(log['blockNumber'], 'log.blockNumber'),
      blockHash: hexOf(log['blockHash'], 'log.blockHash', 32),
      transactionHash: hexOf(log['transactionHash'], 'log.transactionHash', 32),
      logIndex: numberOf(log['logIndex'], 'log.logIndex'),
      removed: log['removed'] === true,
    };
  });
}

/**
 * Whether a block's bloom filter (2,048 bits, yellow paper 4.4.1) may hold a log of one of the
 * addresses; "no" is certain.
 */
export function bloomMayHold(bloom: Hex, addresses: readonly Hex[]): boolean {
  const bits = getBytes(bloom);
  return addresses.some((address) => {
    const hash = getBytes(keccak256(address));
    return [0, 2, 4].every((offset) => {
      const bit = (((hash[offset] ?? 0) << 8) | (hash[offset + 1] ?? 0)) & 2047;
      return (((bits[255 - (bit >> 3)] ?? 0) >> (bit & 7)) & 1) === 1;
    });
  });
}
