import { CarelatticeError } from '../../errors.ts';
import type { Components } from '../components.ts';
import type { ProvenEmergency } from './provenEmergency.ts';

/** How often a hospital may ask one node, and how often a patient may be in an emergency. */

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Attempts of one hospital at this node within an hour. */
export const ATTEMPTS_AN_HOUR = 30;
/** Granted emergencies of one patient within a day. */
export const EMERGENCIES_A_DAY = 5;

type Tables = Pick<Components, 'emergencies'>;

/** Of a hospital refused attempts count too; of a patient only granted ones, or anybody could use hers up. */
export const isWithinRate = (
  { emergencies }: Tables,
  { id, emergency: { requester, patientId } }: ProvenEmergency,
  now: number,
): boolean =>
  emergencies.attemptsOf(requester, now - HOUR) < ATTEMPTS_AN_HOUR &&
  emergencies.emergenciesOf(patientId, now - DAY, id) < EMERGENCIES_A_DAY;

/** @throws `TooManyEmergencies` */
export function requireRate(c: Tables, asked: ProvenEmergency, now: number): void {
  if (isWithinRate(c, asked, now)) return;
  throw new CarelatticeError(
    'TooManyEmergencies',
    'too many emergency requests of this hospital, or for this patient; call the custodian',
  );
}
