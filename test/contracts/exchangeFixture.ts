import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import { id, ZeroHash } from 'ethers';
import { network } from 'hardhat';
import { DAY, deployEdge } from './deployEdge.ts';
import type { Edge } from './deployEdge.ts';

/** Roots of the sharing table, from the empty one on. */
export const root = (n: number): string => (n === 0 ? ZeroHash : id(`root ${n}`));

export interface Request {
  readonly position: number;
  readonly batchRoot: string;
  readonly queryDigest: string;
  readonly paddedCount: number;
  readonly tagEpoch: number;
}

/** An edge network in term 1, with a memory of its requests. */
export async function setupExchange() {
  const connection = await network.create('edge');
  const edge = await deployEdge(connection);
  await edge.exchange.connect(edge.registry).takeOver(1);
  const { time } = connection.networkHelpers;
  const today = Math.floor((await time.latest()) / DAY);
  const requests: Request[] = [];

  /** Opens the next request, by hospital A unless told otherwise. */
  const request = async (by: HardhatEthersSigner = edge.hospitalA, over: Partial<Request> = {}) => {
    const made = {
      position: by === edge.hospitalA ? 0 : by === edge.hospitalB ? 1 : 2,
      batchRoot: id(`batch ${requests.length}`),
      queryDigest: id(`query ${requests.length}`),
      paddedCount: 16,
      tagEpoch: today,
      ...over,
    };
    const sent = await edge.exchange
      .connect(by)
      .requestStorage(made.batchRoot, made.queryDigest, made.paddedCount, made.tagEpoch);
    requests.push(made);
    return sent;
  };
  const list = (from: number, to: number) => requests.slice(from - 1, to);
  /** Root n is the one after n seals. */
  const seal = async (from: number, to: number, n: number, by = edge.registry, term = 1) =>
    edge.exchange
      .connect(by)
      .sealBatches(from, to, list(from, to), root(n), root(n + 1), id('d'), id('a'), term);
  const settle = async (from: number, to: number, bitmap = 7n, by = edge.registry, term = 1) =>
    edge.exchange
      .connect(by)
      .recordReceipts(from, to, bitmap, bitmap === 0n ? ZeroHash : id('receipts'), term);
  return { ...edge, ...connection, time, today, requests, request, list, seal, settle };
}

export const suspend = async (edge: Edge, node: HardhatEthersSigner) =>
  edge.govern(edge.onNode('suspend', await edge.idOf(node)));
