import { expect } from 'chai';
import type { Resource } from '@medplum/fhirtypes';
import { eventTimeOf } from '../../../src/fhir/eventTime.ts';

const seconds = (text: string): number => Date.parse(text) / 1000;
/** Only the members that are looked at. */
const dated = (...members: object[]): Resource[] => members as Resource[];

describe('eventTimeOf', () => {
  it('takes a date for all of its day, month or year', () => {
    expect(eventTimeOf(dated({ onsetDateTime: '2020-02' }))).to.deep.equal({
      eventFrom: seconds('2020-02-01T00:00:00Z'),
      eventTo: seconds('2020-02-29T23:59:59Z'),
    });
    expect(eventTimeOf(dated({ recordedDate: '2020-12-31' })).eventTo).to.equal(
      seconds('2020-12-31T23:59:59Z'),
    );
    expect(eventTimeOf(dated({ date: '2020' })).eventTo).to.equal(seconds('2020-12-31T23:59:59Z'));
  });

  it('reads time zones', () => {
    const { eventFrom, eventTo } = eventTimeOf(dated({ authoredOn: '2020-01-01T08:00:00+08:00' }));
    expect([eventFrom, eventTo]).to.deep.equal([
      seconds('2020-01-01T00:00:00Z'),
      seconds('2020-01-01T00:00:00Z'),
    ]);
  });

  it('spans all resources and the whole of a period', () => {
    const span = eventTimeOf(
      dated(
        { period: { start: '2020-05-01T10:00:00Z', end: '2020-05-03T10:00:00Z' } },
        { effectiveDateTime: '2020-05-02' },
        { issued: '2020-06-01T00:00:00Z' },
        { resourceType: 'Basic' },
      ),
    );
    expect(span).to.deep.equal({
      eventFrom: seconds('2020-05-01T10:00:00Z'),
      eventTo: seconds('2020-06-01T00:00:00Z'),
    });
  });

  it('prefers when it happened to when it was written down', () => {
    const resource = {
      onsetDateTime: '2019-01-01T00:00:00Z',
      recordedDate: '2020-01-01T00:00:00Z',
    };
    expect(eventTimeOf(dated(resource)).eventTo).to.equal(seconds('2019-01-01T00:00:00Z'));
  });

  it('says 0 for nothing dated, and 1 for times before 1970', () => {
    expect(eventTimeOf(dated({}, { onsetDateTime: 'soon' }))).to.deep.equal({
      eventFrom: 0,
      eventTo: 0,
    });
    expect(eventTimeOf(dated({ onsetDateTime: '1950' }))).to.deep.equal({
      eventFrom: 1,
      eventTo: 1,
    });
  });
});
