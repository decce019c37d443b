import { messageOf } from '../../errors.ts';
import { presenceTag } from '../../crypto/derivations.ts';
import { presenceBitmap, tagsOf } from '../../domain/presenceQuery.ts';
import { equalBytes, fromHex, type Hex } from '../../hash/bytes.ts';
import { sha256 } from '#sha256';
import type { SeenRequest } from '../../journal/chainTables.ts';
import type { Components } from '../components.ts';
import { fetchPresenceQuery } from './fetchContents.ts';
import { packageOf } from './patients.ts';

/** Step 2 of shared storage: is one of the batch's tags a patient of mine? Everybody answers, yes or no. */

/** Bytes of answers in one report. */
const ANSWER_BYTES = 6_000;

/** Answers to the open requests that this node has not answered yet. */
export async function answerPresence(c: Components): Promise<{ request: number; bitmap: Hex }[]> {
  const answers: { request: number; bitmap: Hex }[] = [];
  let room = ANSWER_BYTES;
  for (const request of c.seen.openRequests()) {
    if (request.answered !== undefined) continue;
    room -= request.paddedCount / 8 + 24;
    if (room < 0) break;
    const query = await presenceQueryOf(c, request);
    if (query === undefined) continue; // asked again in the next round; silence is unknown, not absence
    const bell = tagsOfPatients(c, request.nodeId, request.tagEpoch);
    const bitmap = presenceBitmap(tagsOf(query, request.paddedCount), (tag) => bell.has(tag));
    answers.push({ request: request.request, bitmap });
  }
  return answers;
}

interface Bells {
  /** State of the node's patients that the tags were made for. */
  version: number;
  tags: ReadonlySet<Hex>;
}

/** Tags by node, origin and tag epoch: made once a day for each origin, so that a look-up costs the same for any number of patients. */
const bells = new WeakMap<object, Map<string, Bells>>();

/** The tags by which this node recognises its patients in a query of `origin`: another origin's tags never match. */
function tagsOfPatients(c: Components, origin: Hex, tagEpoch: number): ReadonlySet<Hex> {
  const known = bells.get(c.holding) ?? new Map<string, Bells>();
  bells.set(c.holding, known);
  const key = `${origin} ${tagEpoch}`;
  const version = c.holding.patientsVersion();
  const before = known.get(key);
  if (before?.version === version) return before.tags;
  if (known.size > 1_000) known.clear(); // tags of past days
  const enrolled = c.holding.patients().filter((patient) => patient.state === 'enrolled');
  const tags = new Set(
    enrolled.map((patient) =>
      presenceTag(packageOf(c, patient).presenceSecret, c.self.network.networkId, origin, tagEpoch),
    ),
  );
  known.set(key, { version, tags });
  return tags;
}

async function presenceQueryOf(
  c: Components,
  request: SeenRequest,
): Promise<Uint8Array | undefined> {
  try {
    const block = await fetchPresenceQuery(c, request);
    if (equalBytes(sha256(block), fromHex(request.queryDigest))) return block;
    c.holding.addAlarm(
      'wrongQuery',
      request.request,
      'the presence query is not the one announced',
      request.nodeId,
    );
  } catch (error) {
    c.log('presence query not fetched', { request: request.request, reason: messageOf(error) });
  }
  return undefined;
}
