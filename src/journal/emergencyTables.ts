import type { Hex } from '../hash/bytes.ts';
import type { Database, Row } from './database.ts';

/** What a custodian keeps, and what was asked in emergencies: every attempt waits here to be looked at by a person. */

export interface Custody {
  readonly patientId: Hex;
  readonly cardEpoch: number;
  /** Missing when the card has gone to other custodians. */
  readonly lookUp?: Hex | undefined;
  /** The opened content, sealed to this journal. */
  readonly content?: Uint8Array | undefined;
}

/** One attempt: released, or refused under a code. */
export interface Review {
  readonly requestDigest: Hex;
  readonly emergency: Hex;
  readonly patientId: Hex;
  readonly requester: Hex;
  /** `released`, `late`, or the code of the refusal. */
  readonly outcome: string;
  /** Seconds. */
  readonly time: number;
  /** The emergency's id has still to be brought to the chain. */
  readonly toPost: boolean;
  /** Who asked and why, and the verdict, sealed to this journal by the caller. */
  readonly entry: Uint8Array;
  readonly closedAt?: number | undefined;
}

export interface EmergencyTables {
  putCustody(custody: Custody): void;
  custody(patientId: Hex): Custody | undefined;
  custodyBy(lookUp: Hex): Custody | undefined;
  /** A request once refused may be granted later, a granted one stays so. Says whether anything changed. */
  addReview(review: Review): boolean;
  review(requestDigest: Hex): Review | undefined;
  /** Oldest first. */
  openReviews(limit: number): Review[];
  /** Says whether it was open. @param entry with the verdict */
  closeReview(requestDigest: Hex, at: number, entry: Uint8Array): boolean;
  /** Attempts of a requester since a time, refused ones too. */
  attemptsOf(requester: Hex, since: number): number;
  /** Granted emergencies of a patient since a time, this one left out. */
  emergenciesOf(patientId: Hex, since: number, besides: Hex): number;
  /** Emergencies whose id is not on chain yet. */
  toPost(): Hex[];
  setPosted(emergency: Hex): void;
}

const hex = (value: unknown): Hex => String(value) as Hex; // written by us as Hex

const custodyOf = (row: Row | undefined): Custody | undefined =>
  row && {
    patientId: hex(row['patient']),
    cardEpoch: Number(row['card_epoch']),
    ...(row['look_up'] === null ? {} : { lookUp: hex(row['look_up']) }),
    ...(row['content'] instanceof Uint8Array ? { content: row['content'] } : {}),
  };

const reviewOf = (row: Row): Review => ({
  requestDigest: hex(row['request_digest']),
  emergency: hex(row['emergency']),
  patientId: hex(row['patient']),
  requester: hex(row['requester']),
  outcome: String(row['outcome']),
  time: Number(row['time']),
  toPost: row['to_post'] === 1,
  entry: row['entry'] instanceof Uint8Array ? row['entry'] : new Uint8Array(0),
  ...(row['closed_at'] === null ? {} : { closedAt: Number(row['closed_at']) }),
});

export function emergencyTables(db: Database): EmergencyTables {
  const countOf = (sql: string, ...values: (string | number)[]): number =>
    Number(db.get(sql, ...values)?.['n'] ?? 0);
  return {
    putCustody: ({ patientId, cardEpoch, lookUp, content }) => {
      db.run(
        'INSERT INTO custody (patient, card_epoch, look_up, content) VALUES (?,?,?,?) ON CONFLICT (patient) DO UPDATE SET card_epoch = excluded.card_epoch, look_up = excluded.look_up, content = excluded.content',
        patientId,
        cardEpoch,
        lookUp ?? null,
        content ?? null,
      );
    },
    custody: (patientId) => custodyOf(db.get('SELECT * FROM custody WHERE patient = ?', patientId)),
    custodyBy: (lookUp) => custodyOf(db.get('SELECT * FROM custody WHERE look_up = ?', lookUp)),
    addReview: (review) =>
      db.run(
        `INSERT INTO review (request_digest, emergency, patient, requester, outcome, time, to_post, entry) VALUES (?,?,?,?,?,?,?,?)
          ON CONFLICT (request_digest) DO UPDATE SET outcome = excluded.outcome, to_post = excluded.to_post
          WHERE outcome NOT IN ('released', 'late')`,
        review.requestDigest,
        review.emergency,
        review.patientId,
        review.requester,
        review.outcome,
        review.time,
        review.toPost ? 1 : 0,
        review.entry,
      ) > 0,
    review: (requestDigest) =>
      db.all('SELECT * FROM review WHERE request_digest = ?', requestDigest).map(reviewOf)[0],
    openReviews: (limit) =>
      db
        .all('SELECT * FROM review WHERE closed_at IS NULL ORDER BY time, rowid LIMIT ?', limit)
        .map(reviewOf),
    closeReview: (requestDigest, at, entry) =>
      db.run(
        'UPDATE review SET closed_at = ?, entry = ? WHERE request_digest = ? AND closed_at IS NULL',
        at,
        entry,
        requestDigest,
      ) > 0,
    attemptsOf: (requester, since) =>
      countOf(
        'SELECT COUNT(*) AS n FROM review WHERE requester = ? AND time > ?',
        requester,
        since,
      ),
    emergenciesOf: (patientId, since, besides) =>
      countOf(
        "SELECT COUNT(DISTINCT emergency) AS n FROM review WHERE patient = ? AND time > ? AND emergency <> ? AND outcome IN ('released', 'late')",
        patientId,
        since,
        besides,
      ),
    toPost: () =>
      db
        .all('SELECT DISTINCT emergency FROM review WHERE to_post = 1')
        .map(({ emergency }) => hex(emergency)),
    setPosted: (emergency) => {
      db.run('UPDATE review SET to_post = 0 WHERE emergency = ?', emergency);
    },
  };
}
