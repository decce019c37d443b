import { expect } from 'chai';
import { dayText, timeText } from '../../../src/client/timeText.ts';

describe('a time that somebody else tells', () => {
  it('is shown as day and time', () => {
    expect(timeText(0)).to.equal('1970-01-01 00:00:00 UTC');
    expect(timeText(253_402_300_799)).to.equal('9999-12-31 23:59:59 UTC');
    expect(dayText(1_700_000_000)).to.equal('2023-11-14');
  });

  it('hostile: is said to be impossible where no calendar has it', () => {
    for (const seconds of [253_402_300_800, 8_640_000_000_001, Number.MAX_SAFE_INTEGER, -1, NaN]) {
      const words = `an impossible time (second ${seconds})`;
      expect([timeText(seconds), dayText(seconds)]).to.deep.equal([words, words]);
    }
  });
});
