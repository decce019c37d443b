// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RecordExchange} from "../../contracts/edge/RecordExchange.sol";
import {IRecordExchange} from "../../contracts/interfaces/IRecordExchange.sol";
import {CONSENSUS, INDEX, READER, RECORDING} from "../../contracts/libraries/Standing.sol";
import {EdgeFixture} from "./EdgeFixture.sol";

// Opens, seals, settles, denies and takes over as the protocol says, and tries what it forbids.
contract ExchangeHandler is EdgeFixture {
    uint32 private constant T = 50;

    RecordExchange public exchange;
    address[4] private _answering = [address(0xa0), address(0xa1), address(0xa2), address(0xa3)];
    address[2] private _consensus = [address(0xc0), address(0xc1)];
    bytes32[2] private _consensusIds;
    bool[2] private _isSuspended;

    IRecordExchange.SealedRequest[] private _opened;
    uint256[] private _openedAt;
    uint256 public sealed_;
    uint256 public settled;
    uint256 public settlements;
    uint32 public term;
    uint256 public active;
    bytes32 public root;
    string public breach;

    uint256[] private _settledFrom;
    uint256[] private _settledTo;
    uint256[] private _bitmaps;
    uint256[] private _settledAt;
    bool[] private _isDenied;

    constructor() {
        vm.warp(1_800_000_000);
        deployNodes();
        for (uint256 i = 0; i < 4; ++i) admit(_answering[i], i == 3 ? INDEX : RECORDING);
        for (uint256 i = 0; i < 2; ++i) _consensusIds[i] = admit(_consensus[i], CONSENSUS);
        admit(address(0xe0), READER);
        exchange = new RecordExchange(nodes, IRecordExchange.Windows(5, 2, T, 1 days, 1 days));
        vm.prank(_consensus[0]);
        exchange.takeOver(1);
        term = 1;
        _settledFrom.push();
        _settledTo.push();
        _bitmaps.push();
        _settledAt.push();
        _isDenied.push();
    }

    function wait(uint16 time) external {
        vm.warp(block.timestamp + (time % 40));
        vm.roll(block.number + 1);
    }

    function request(uint8 by, uint8 many, bytes32 batchRoot) external {
        for (uint256 i = 0; i < 1 + (uint256(many) % 100); ++i)
            _request(uint256(by) + i, batchRoot);
    }

    function sealNext(uint8 many, bytes32 newRoot) external {
        uint256 open = _opened.length - sealed_;
        if (open == 0 || _isSuspended[active]) return;
        uint256 to = sealed_ + bound(many, 1, open);
        if (newRoot == 0) newRoot = bytes32(uint256(1));
        IRecordExchange.SealedRequest[] memory list = _list(sealed_ + 1, to);
        vm.prank(_consensus[active]);
        exchange.sealBatches(uint64(sealed_ + 1), uint64(to), list, root, newRoot, "d", "a", term);
        sealed_ = to;
        root = newRoot;
    }

    // One thing wrong with an otherwise right seal.
    function sealForged(uint8 what, uint8 which) external {
        if (_opened.length == sealed_) return;
        uint64 from = uint64(sealed_ + 1);
        uint64 to = uint64(_opened.length);
        IRecordExchange.SealedRequest[] memory list = _list(from, to);
        uint256 place = uint256(which) % list.length;
        address by = _consensus[active];
        bytes32 prevRoot = root;
        uint32 inTerm = term;
        what = what % 11;
        if (what == 0) by = _consensus[1 - active];
        if (what == 1) by = _answering[uint256(which) % 4];
        if (what == 2) list[place].batchRoot = ~list[place].batchRoot;
        if (what == 3) list[place].position ^= 1;
        if (what == 4) list[place].queryDigest = ~list[place].queryDigest;
        if (what == 5) list[place].paddedCount ^= 80;
        if (what == 6) ++list[place].tagEpoch;
        if (what == 7) prevRoot = ~prevRoot;
        if (what == 8) ++inTerm;
        if (what == 9) ++from;
        if (what == 10) {
            if (sealed_ == 0) return;
            --from;
        }
        vm.prank(by);
        try exchange.sealBatches(from, to, list, prevRoot, bytes32(uint256(7)), "d", "a", inTerm) {
            breach = "forged seal";
        } catch {}
    }

    function settle(uint8 many, uint256 bitmap) external {
        uint256 open = sealed_ - settled;
        if (open != 0) _settle(settled + bound(many, 1, open), bitmap);
    }

    // So that the ring of settlements goes round.
    function settleOneByOne(uint256 bitmap) external {
        for (uint256 i = 0; i < 70 && settled < sealed_; ++i) _settle(settled + 1, bitmap);
    }

    function settleForged(uint8 what, uint256 bitmap) external {
        if (sealed_ == settled) return;
        uint64 from = uint64(settled + 1);
        uint64 to = uint64(sealed_);
        address by = _consensus[active];
        uint32 inTerm = term;
        bytes32 receipts = bitmap == 0 ? bytes32(0) : bytes32("r");
        what = what % 6;
        if (what == 0) by = _consensus[1 - active];
        if (what == 1) by = _answering[0];
        if (what == 2) ++from;
        if (what == 3) ++to;
        if (what == 4) --inTerm;
        if (what == 5) receipts = bitmap == 0 ? bytes32("r") : bytes32(0);
        vm.prank(by);
        try exchange.recordReceipts(from, to, bitmap, receipts, inTerm) {
            breach = "forged settlement";
        } catch {}
    }

    function deny(uint16 which, uint8 by, bool isForged) external {
        if (settlements == 0) return;
        uint256 number = bound(which, 1, settlements);
        uint256 bitmap = isForged ? _bitmaps[number] ^ 1 : _bitmaps[number];
        uint256 position = uint256(by) % 4;
        bool isKept = number + 64 > settlements;
        bool mayDeny = !isForged && isKept && (bitmap >> position) & 1 == 1;
        vm.prank(_answering[position]);
        try
            exchange.denySettlement(
                uint32(number),
                uint64(_settledFrom[number]),
                uint64(_settledTo[number]),
                bitmap
            )
        {
            if (!mayDeny) breach = "wrong denial";
            _isDenied[number] = true;
        } catch {
            if (mayDeny) breach = "right denial refused";
        }
    }

    function suspendActive() external {
        if (_isSuspended[active]) return;
        nodes.suspend(_consensusIds[active]);
        _isSuspended[active] = true;
    }

    function resumeBoth() external {
        for (uint256 i = 0; i < 2; ++i) {
            if (_isSuspended[i]) nodes.resume(_consensusIds[i]);
            _isSuspended[i] = false;
        }
    }

    uint256 private _termSince = 1_800_000_000;

    function takeOver(bool byActive, uint8 step) external {
        uint256 by = byActive ? active : 1 - active;
        uint32 asked = term + (uint32(step) % 3);
        bool isOld =
            _opened.length > sealed_ &&
                block.timestamp > _openedAt[sealed_] + T &&
                block.timestamp > _termSince + T;
        bool may =
            !byActive && asked == term + 1 && !_isSuspended[by] && (isOld || _isSuspended[active]);
        vm.prank(_consensus[by]);
        try exchange.takeOver(asked) {
            if (!may) breach = "wrong take-over";
            active = by;
            term = asked;
            _termSince = block.timestamp;
        } catch {
            if (may) breach = "right take-over refused";
        }
    }

    function updateForged(uint8 by, bytes32 newRoot) external {
        address caller = by % 2 == 0 ? _consensus[1 - active] : _answering[uint256(by) % 4];
        vm.prank(caller);
        try exchange.locator().update(root, newRoot, term) {
            breach = "forged update";
        } catch {}
    }

    function openedCount() external view returns (uint256) {
        return _opened.length;
    }

    function digestOf(uint256 number) external view returns (bytes24) {
        IRecordExchange.SealedRequest storage r = _opened[number - 1];
        return
            bytes24(
                keccak256(
                    abi.encode(
                        number,
                        r.position,
                        r.batchRoot,
                        r.queryDigest,
                        r.paddedCount,
                        r.tagEpoch
                    )
                )
            );
    }

    function isDenied(uint256 settlement) external view returns (bool) {
        return _isDenied[settlement];
    }

    function _settle(uint256 to, uint256 bitmap) private {
        if (_isSuspended[active]) return;
        bytes32 receipts = bitmap == 0 ? bytes32(0) : bytes32("r");
        uint256 reused = settlements + 1 > 64 ? _settledAt[settlements + 1 - 64] : 0;
        vm.prank(_consensus[active]);
        try exchange.recordReceipts(uint64(settled + 1), uint64(to), bitmap, receipts, term) {
            if (block.timestamp < reused + T) breach = "settlement forgotten before T";
            _settledFrom.push(settled + 1);
            _settledTo.push(to);
            _bitmaps.push(bitmap);
            _settledAt.push(block.timestamp);
            _isDenied.push(false);
            ++settlements;
            settled = to;
        } catch {
            if (block.timestamp >= reused + T) breach = "right settlement refused";
        }
    }

    function _request(uint256 by, bytes32 batchRoot) private {
        uint16 position = uint16(by % 4);
        batchRoot = keccak256(abi.encode(batchRoot, by));
        IRecordExchange.SealedRequest memory made = IRecordExchange.SealedRequest(
            position,
            batchRoot,
            ~batchRoot,
            16,
            uint32(block.timestamp / 1 days)
        );
        bool isFull = _opened.length - sealed_ == 256;
        vm.prank(by % 7 == 6 ? address(0xe0) : _answering[position]);
        try
            exchange.requestStorage(
                made.batchRoot,
                made.queryDigest,
                made.paddedCount,
                made.tagEpoch
            )
        returns (uint64 number) {
            if (isFull || by % 7 == 6) breach = "wrong request";
            _opened.push(made);
            _openedAt.push(block.timestamp);
            if (number != _opened.length) breach = "number";
        } catch {
            if (!isFull && by % 7 != 6) breach = "right request refused";
        }
    }

    function _list(
        uint256 from,
        uint256 to
    ) private view returns (IRecordExchange.SealedRequest[] memory list) {
        list = new IRecordExchange.SealedRequest[](to - from + 1);
        for (uint256 i = 0; i < list.length; ++i) list[i] = _opened[from + i - 1];
    }
}

contract RecordExchangeInvariants is EdgeFixture {
    ExchangeHandler private _handler;

    function setUp() external {
        _handler = new ExchangeHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_countersFollowTheModel() external view {
        IRecordExchange.Progress memory now_ = _handler.exchange().progress();
        check(bytes(_handler.breach()).length == 0, _handler.breach());
        check(now_.requestCount == _handler.openedCount(), "requestCount");
        check(now_.sealedCount == _handler.sealed_(), "sealedCount");
        check(now_.settledCount == _handler.settled(), "settledCount");
        check(now_.settlementCount == _handler.settlements(), "settlementCount");
        check(
            now_.settledCount <= now_.sealedCount && now_.sealedCount <= now_.requestCount,
            "order"
        );
        check(now_.requestCount - now_.sealedCount <= 256, "ring");
        check(now_.term == _handler.term() && now_.consensusPosition == _handler.active(), "term");
        check(_handler.exchange().locator().root() == _handler.root(), "root");
    }

    function invariant_everyOpenRequestKeepsItsSlot() external view {
        uint256 count = _handler.openedCount();
        for (uint256 n = _handler.sealed_() + 1; n <= count; ++n) {
            (bytes24 digest, , ) = _handler.exchange().requestSlot(uint64(n));
            check(digest == _handler.digestOf(n), "slot");
        }
    }

    function invariant_disputesAreThoseDenied() external view {
        uint256 count = _handler.settlements();
        for (uint256 n = count > 64 ? count - 63 : 1; n <= count; ++n) {
            check(_handler.exchange().isDisputed(uint32(n)) == _handler.isDenied(n), "dispute");
        }
    }
}
