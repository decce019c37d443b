import { draftConsent } from '../src/client/consent/draftConsent.ts';
import { submit as bring } from '../src/client/enrolment/enroll.ts';
import { contentKeys } from '../src/client/reading/readRecords.ts';
import { released, signedRequest } from '../src/client/reading/requestRecords.ts';
import { readPackageFor, signConsent } from '../src/client/consent/signConsent.ts';
import { authorityOf } from '../src/client/wallet/wallet.ts';
import { randomBytes } from '../src/crypto/random.ts';
import { CATEGORIES } from '../src/fhir/categories.ts';
import type { FhirRecord } from '../src/fhir/records.ts';
import { fromHex, type Hex, toHex, utf8 } from '../src/hash/bytes.ts';
import type { HeldRecord } from '../src/journal/holdingTables.ts';
import { waysInto } from '../src/localnet/ways.ts';
import { submit } from '../src/node/recording/submit.ts';
import type { ReadPackage } from '../src/wire/readPackage.ts';
import { type BenchPart, type Figure, figure } from './figures.ts';
import { type ReadingNetwork, startReadingNetwork } from './readingNetwork.ts';

/** How long a reader waits for a holder beyond the chain, and a hospital for the first page of a long record. */

const RECORDS = 100;
const RUNS = 40;
const WARM_UP = 5;
const LONG = 10_000;
const PAGE = 50;
const PAGES = 400;

export async function measureReading(progress: (line: string) => void): Promise<BenchPart> {
  progress(`storing ${RECORDS} records of a patient at two hospitals`);
  const reading = await startReadingNetwork();
  try {
    await storeRecords(reading);
    const shown = await grantAll(reading);
    progress(`handing them to a reader, ${RUNS} times`);
    const { times, faults } = await handOver(reading, shown);
    progress(`reading the first page of ${LONG} records, ${PAGES} times`);
    const pages = firstPages(reading);
    return { figures: [...handOverFigures(times, faults), pageFigure(pages)], failures: faults };
  } finally {
    await reading.close();
  }
}

async function storeRecords({ network, writer, enrolled }: ReadingNetwork): Promise<void> {
  const { identifiers } = enrolled;
  const records = Array.from({ length: RECORDS }, (_, i): FhirRecord => {
    const bundle = { resourceType: 'Bundle', type: 'collection', id: `record-${i}` } as const;
    return {
      category: 'result',
      sensitivity: [],
      resourceTypes: ['Observation'],
      eventFrom: 1_700_000_000 + i,
      eventTo: 1_700_000_000 + i,
      bundle,
      body: utf8(JSON.stringify({ ...bundle, text: 'x'.repeat(1_500) })),
      mediaType: 'application/fhir+json',
    };
  });
  const read = () => Promise.resolve({ identifiers, records, resources: RECORDS });
  await submit(writer.open.components, read, utf8('one hand-in'), 'one');
  await network.settle();
}

/** Her consent that the reader may have everything, on the chain. */
async function grantAll({
  network,
  holder,
  reader,
  enrolled,
}: ReadingNetwork): Promise<ReadPackage> {
  const { wallet, network: own } = enrolled;
  const { networkId, chainId, federationId, name, contracts } = network.manifest;
  const ways = await waysInto(network, randomBytes);
  const now = BigInt(ways.now());
  const place = { networkId, chainId, registry: contracts.ConsentRegistry.address, name };
  const consent = draftConsent(
    {
      patient: authorityOf(wallet),
      language: 'en',
      categories: CATEGORIES,
      from: now - 60n,
      until: now + 86_400n,
      epoch: 0n,
      places: [{ ...place, patientId: own.patientId }],
      reader,
      purpose: 'TREAT',
    },
    randomBytes,
  );
  const { kept, grant } = signConsent(wallet, federationId, consent);
  await bring(ways.transport, own, ways.consensus, grant);
  await network.settle();
  return readPackageFor(wallet, kept.digest, { networkId, serving: holder.self.nodeId });
}

/**
 * Milliseconds from the signed request to the answer that the receipt is on its way, and from the question behind its
 * block to the content keys in the reader's hands. What lies between is the chain's.
 */
async function handOver({ network, holder, reader }: ReadingNetwork, shown: ReadPackage) {
  const times: number[] = [];
  const faults: string[] = [];
  const ways = await waysInto(network, randomBytes);
  const node = ways.nodes.get(holder.self.nodeId);
  if (node === undefined) throw new Error('the holder is on chain');
  for (let run = -WARM_UP; run < RUNS; run++) {
    const asked = await signedRequest(reader, shown, 'TREAT', node, ways, []);
    let spent = 0;
    let began = performance.now();
    const waiting = {
      ...ways,
      pause: async () => {
        spent = performance.now() - began;
        await network.settle();
        began = performance.now();
      },
    };
    const answer = await released(reader, node, asked, waiting, 0);
    const { receipt, sealed, records } = answer;
    const keys = await contentKeys(reader, receipt, fromHex(sealed), records);
    spent += performance.now() - began;
    if (keys.length !== RECORDS) faults.push(`G18: ${keys.length} keys came, not ${RECORDS}`);
    if (run >= 0) times.push(spent);
  }
  return { times, faults };
}

function handOverFigures(times: readonly number[], faults: readonly string[]): Figure[] {
  const at = (share: number): number | null =>
    faults.length > 0 ? null : (sorted(times)[Math.ceil(share * times.length) - 1] ?? null);
  const note =
    faults.length > 0
      ? 'the result was wrong, see failures'
      : `p95 of ${times.length} runs; from a signed request to ${RECORDS} content keys opened by the reader (median ${at(0.5)?.toFixed(1) ?? '-'} ms), without the wait for the block of the receipt; sealed doors in one process, journal on disk, simulated chain`;
  return [figure('G18', at(0.95), 'ms', '<= 300', note)];
}

/** Milliseconds of each call for the first page of a patient with many records, as real deliveries wrote them. */
function firstPages({ holder, enrolled }: ReadingNetwork): number[] {
  const { holding, db } = holder.open.components;
  const samples = holding.page(enrolled.network.patientId, RECORDS);
  const patientId: Hex = toHex(randomBytes(32));
  db.transaction(() => {
    for (let i = 0; i < LONG; i++) {
      const sample = samples[i % samples.length] as HeldRecord; // there are some
      const [anchor, recordId] = [toHex(randomBytes(32)), toHex(randomBytes(16))];
      holding.addHeld({ ...sample, anchor, recordId, patientId, request: 1 + Math.floor(i / 4) });
    }
  });
  const times: number[] = [];
  for (let i = 0; i < PAGES; i++) {
    const began = performance.now();
    const rows = holding.page(patientId, PAGE);
    times.push(performance.now() - began);
    if (rows.length !== PAGE) throw new Error('a page is short');
  }
  return times;
}

function pageFigure(times: readonly number[]): Figure {
  const all = sorted(times);
  const median = all[Math.floor(all.length / 2)] ?? null;
  const note = `median of ${times.length} calls (p95 ${all[Math.ceil(0.95 * all.length) - 1]?.toFixed(2) ?? '-'} ms) for ${PAGE} of ${LONG} records, newest first, from the call to the rows; rows as deliveries write them, journal on disk`;
  return figure('G11', median, 'ms', '<= 1', note);
}

const sorted = (times: readonly number[]): number[] => [...times].sort((a, b) => a - b);
