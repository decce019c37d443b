import type { CarelatticeError } from '../errors.ts';
import { withLimits } from './byteStream.ts';
import {
  asOurs,
  contentCorrupt,
  contentErased,
  contentNotFound,
  contentUnavailable,
} from './contentErrors.ts';
import { MAX_CONTENTS } from './contentStore.ts';
import type { ContentOutcome, Holder, WantedContent } from './contentStore.ts';
import { parseCid } from './cid.ts';
import type { Ledger } from './ledger.node.ts';
import type { Lock } from './lock.ts';

export interface PullParts {
  ledger: Ledger;
  lock: Lock;
  takeCar(
    stream: AsyncIterable<Uint8Array>,
    wanted: readonly WantedContent[],
    signal: AbortSignal,
    holder?: string,
  ): Promise<ContentOutcome[]>;
}

/** One round: each holder in turn is asked for what is still missing. Notes states and attempts. */
export async function pullContents(
  parts: PullParts,
  wanted: readonly WantedContent[],
  holders: readonly Holder[],
  signal: AbortSignal,
): Promise<ContentOutcome[]> {
  const { ledger, lock } = parts;
  const settled = new Map<WantedContent, ContentOutcome>();
  const missing: WantedContent[] = [];
  await lock(async () => {
    ledger.transaction(() => {
      for (const content of wanted) {
        const outcome = hereOrRefused(ledger, content);
        if (outcome === undefined) {
          missing.push(content);
          ledger.note(content, 'pinning', { attempt: true });
        } else {
          settled.set(content, outcome);
        }
      }
    });
  });
  for (let at = 0; at < missing.length; at += MAX_CONTENTS) {
    const group = missing.slice(at, at + MAX_CONTENTS);
    for (const [content, outcome] of await pullGroup(parts, group, holders, signal)) {
      settled.set(content, outcome);
    }
  }
  return wanted.map((content) => settled.get(content) ?? failure(content, noHolder()));
}

/** What is known without asking anybody; an owner more for a content that is here. */
function hereOrRefused(ledger: Ledger, content: WantedContent): ContentOutcome | undefined {
  parseCid(content.cid);
  if (ledger.isErased(content.owner)) return failure(content, contentErased(content.owner));
  const here = ledger.content(content.cid);
  if (here?.state !== 'pinned') return undefined;
  if (here.size !== content.size) {
    return failure(content, contentCorrupt(content.cid, 'another size', { stored: here.size }));
  }
  ledger.addOwner(content.owner, content.cid);
  return { kind: 'stored', wanted: content };
}

async function pullGroup(
  parts: PullParts,
  group: readonly WantedContent[],
  holders: readonly Holder[],
  signal: AbortSignal,
): Promise<Map<WantedContent, ContentOutcome>> {
  const settled = new Map<WantedContent, ContentOutcome>();
  const errors = new Map<WantedContent, CarelatticeError>();
  let lastHolder: string | undefined;
  let rest = group;
  for (const holder of holders) {
    if (rest.length === 0 || signal.aborted) break;
    lastHolder = holder.name;
    for (const outcome of await askHolder(parts, holder, rest, signal)) {
      const { wanted } = outcome;
      if (outcome.kind === 'stored' || isFinal(outcome.error)) settled.set(wanted, outcome);
      else errors.set(wanted, graver(errors.get(wanted), outcome.error));
    }
    rest = rest.filter((content) => !settled.has(content));
  }
  await parts.lock(async () => {
    parts.ledger.transaction(() => {
      for (const content of rest) {
        const error = errors.get(content) ?? noHolder();
        settled.set(content, failure(content, error));
        // Erased meanwhile: nothing of the owner is noted again.
        if (parts.ledger.isErased(content.owner)) continue;
        parts.ledger.note(content, 'failed', {
          lastError: `${error.code}: ${error.message}`,
          ...(lastHolder === undefined ? {} : { holder: lastHolder }),
        });
      }
    });
  });
  return settled;
}

/** A CAR names each root once: of owners who share a content one asks for all. The holder may refuse him and not the next. */
async function askHolder(
  parts: PullParts,
  holder: Holder,
  wanted: readonly WantedContent[],
  signal: AbortSignal,
): Promise<ContentOutcome[]> {
  const outcomes = new Map<WantedContent, ContentOutcome>();
  let rest = wanted;
  let unasked = wanted;
  for (let turn = 0; turn < OWNERS_ASKED && unasked.length > 0; turn++) {
    const once = new Map(unasked.map((content) => [content.cid, content]));
    for (const outcome of await askOnce(parts, holder, [...once.values()], rest, signal))
      outcomes.set(outcome.wanted, outcome);
    unasked = unasked.filter(
      (content) => once.get(content.cid) !== content && isNotGiven(outcomes.get(content)),
    );
    const open = new Set(unasked.map(({ cid }) => cid));
    rest = rest.filter(({ cid }) => open.has(cid));
  }
  return [...outcomes.values()];
}

/** Owners of one content in whose names one holder is asked, until the next try. */
const OWNERS_ASKED = 4;

const isNotGiven = (outcome: ContentOutcome | undefined): boolean =>
  outcome?.kind === 'failed' && outcome.error.code === 'ContentNotFound';

async function askOnce(
  parts: PullParts,
  holder: Holder,
  once: readonly WantedContent[],
  wanted: readonly WantedContent[],
  signal: AbortSignal,
): Promise<ContentOutcome[]> {
  try {
    const stream = await withLimits(holder.fetch(once, { signal }), { signal });
    return await parts.takeCar(stream, wanted, signal, holder.name);
  } catch (error) {
    const why = asOurs(error);
    const whyOf = (cid: string): CarelatticeError =>
      why.code === 'ContentNotFound' ? contentNotFound(cid) : why;
    return wanted.map((content) => failure(content, whyOf(content.cid)));
  }
}

/** Errors that no other holder can help with. */
const isFinal = (error: CarelatticeError): boolean =>
  error.code === 'StoreFull' || error.code === 'ContentErased' || error.code === 'StoreClosed';

/** A holder that was down may have had it: that is told before "nobody has it". */
function graver(known: CarelatticeError | undefined, next: CarelatticeError): CarelatticeError {
  const rank = (error: CarelatticeError): number => ORDER.indexOf(error.code);
  return known !== undefined && rank(known) > rank(next) ? known : next;
}
const ORDER = ['ContentNotFound', 'ContentCorrupt', 'ContentIncomplete', 'ContentUnavailable'];

const noHolder = (): CarelatticeError => contentUnavailable('no holder was asked in time');

const failure = (wanted: WantedContent, error: CarelatticeError): ContentOutcome => ({
  kind: 'failed',
  wanted,
  error,
});
