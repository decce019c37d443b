import { Interface, type JsonFragment } from 'ethers';
import { z } from 'zod';
import { MAX_GAS } from '../src/chain/gas.ts';
import { fieldsOf, hexOf, numberOf, toQuantity } from '../src/chain/quantity.ts';
import type { Rpc } from '../src/chain/rpc.ts';
import { CarelatticeError } from '../src/errors.ts';
import type { Hex } from '../src/hash/bytes.ts';
import { startSimulatedChain } from '../src/localnet/simulatedChain.ts';
import type { GasCost } from './gasBaseline.ts';

/** A contract on the chain of the benchmark. */
export interface Deployed {
  readonly address: Hex;
  readonly abi: Interface;
  readonly cost: GasCost;
}

/** A chain on which every transaction is a block of its own, so that all its slots are cold. */
export interface GasChain {
  readonly chainId: number;
  /** Funded accounts that the chain signs for; the first one deploys. */
  readonly accounts: readonly Hex[];
  readonly rpc: Rpc;
  deploy(
    contract: { abi: readonly JsonFragment[]; bytecode: string },
    args: readonly unknown[],
  ): Promise<Deployed>;
  /** Gas from the receipt. @throws `GasRunFailed` when the transaction reverted */
  send(
    from: Hex,
    to: Pick<Deployed, 'address' | 'abi'>,
    name: string,
    args: readonly unknown[],
  ): Promise<GasCost>;
  /** The first value that a view returns. */
  read(
    from: Pick<Deployed, 'address' | 'abi'>,
    name: string,
    args?: readonly unknown[],
  ): Promise<unknown>;
  /** Gas that a view's own code burns, called alone: all its slots are cold, and calldata costs nothing. */
  executionGas(
    of: Pick<Deployed, 'address' | 'abi'>,
    name: string,
    args: readonly unknown[],
  ): Promise<number>;
  /** Time of the newest block, seconds. */
  now(): number;
  /** Time of the next block. */
  setTime(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** 2100-01-01: the same time, and so the same data, in every run. */
const START = 4_102_444_800;

export async function startGasChain(accountCount: number): Promise<GasChain> {
  const chain = await startSimulatedChain({ chainId: 1001, accounts: accountCount });
  const accounts = chain.accounts.map(({ account }) => account);
  const [deployer] = accounts;
  if (deployer === undefined)
    throw new CarelatticeError('GasRunFailed', 'the chain has no account');
  let time = START;
  await chain.setTime(time);
  await chain.mine();

  async function transact(transaction: Readonly<Record<string, unknown>>) {
    await chain.setTime(++time);
    const sent = await chain.rpc.send('eth_sendTransaction', [
      { ...transaction, gas: toQuantity(MAX_GAS) },
    ]);
    const hash = hexOf(sent, 'eth_sendTransaction', 32);
    const receipt = fieldsOf(await chain.rpc.send('eth_getTransactionReceipt', [hash]), 'receipt');
    if (numberOf(receipt['status'], 'receipt.status') !== 1) {
      throw new CarelatticeError('GasRunFailed', 'a transaction of the benchmark reverted', {
        facts: { transaction: hash },
      });
    }
    const gas = numberOf(receipt['gasUsed'], 'receipt.gasUsed');
    return { cost: { gas, newSlots: await newSlotsOf(chain.rpc, hash) }, receipt };
  }

  return {
    chainId: chain.chainId,
    accounts,
    rpc: chain.rpc,
    async deploy({ abi: fragments, bytecode }, args) {
      const abi = new Interface(fragments);
      const data = bytecode + abi.encodeDeploy(args).slice(2);
      const { cost, receipt } = await transact({ from: deployer, data });
      return {
        address: hexOf(receipt['contractAddress'], 'receipt.contractAddress', 20),
        abi,
        cost,
      };
    },
    async send(from, to, name, args) {
      const data = to.abi.encodeFunctionData(name, args);
      return (await transact({ from, to: to.address, data })).cost;
    },
    async read({ address, abi }, name, args = []) {
      const call = { to: address, data: abi.encodeFunctionData(name, args) };
      const answer = hexOf(await chain.rpc.send('eth_call', [call, 'latest']), 'eth_call');
      const value: unknown = abi.decodeFunctionResult(name, answer)[0];
      return value;
    },
    async executionGas({ address, abi }, name, args) {
      const call = {
        to: address,
        data: abi.encodeFunctionData(name, args),
        gas: toQuantity(MAX_GAS),
      };
      // Throws when the view reverts: only a yes is measured.
      await chain.rpc.send('eth_call', [call, 'latest']);
      return burnedBy(chain.rpc, call);
    },
    now: () => time,
    async setTime(seconds) {
      time = seconds - 1;
    },
    stop: () => chain.stop(),
  };
}

/** What an SSTORE costs at least that makes a slot non-zero (EIP-2200), and at most otherwise: 5,000. */
const NEW_SLOT_GAS = 20_000;

const traceSchema = z.object({
  structLogs: z.array(z.object({ op: z.string(), gasCost: z.number() })),
});

const NO_DATA = { disableMemory: true, disableStack: true, disableStorage: true };

const callSchema = z.object({
  structLogs: z.array(z.object({ depth: z.number(), gas: z.number(), gasCost: z.number() })).min(1),
});

/** Between a call's first and last step: what it pays before, and a floor for calldata (EIP-7623), are left out. */
async function burnedBy(rpc: Rpc, call: Readonly<Record<string, unknown>>): Promise<number> {
  const answer = await rpc.send('debug_traceCall', [call, 'latest', NO_DATA]);
  const { structLogs } = callSchema.parse(answer);
  const [first, last] = [structLogs[0], structLogs.at(-1)];
  if (first === undefined || last === undefined || first.depth !== last.depth) {
    throw new CarelatticeError('GasRunFailed', 'the trace of a call has no beginning or no end');
  }
  return first.gas - last.gas + last.gasCost;
}

/** Storage slots that a transaction made non-zero, counted in its trace by the price of each write. */
async function newSlotsOf(rpc: Rpc, transaction: Hex): Promise<number> {
  const trace = traceSchema.parse(await rpc.send('debug_traceTransaction', [transaction, NO_DATA]));
  return trace.structLogs.filter(({ op, gasCost }) => op === 'SSTORE' && gasCost >= NEW_SLOT_GAS)
    .length;
}
