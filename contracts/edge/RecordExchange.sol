// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IRecordExchange} from "../interfaces/IRecordExchange.sol";
import {IRecordLocator} from "../interfaces/IRecordLocator.sol";
import {FILLER, RingSlot, ringSlot} from "../libraries/RingSlot.sol";
import {CONSENSUS, Standing} from "../libraries/Standing.sol";
import {RecordLocator} from "./RecordLocator.sol";

contract RecordExchange is IRecordExchange {
    uint256 private constant REQUESTS = 256;
    uint256 private constant SETTLEMENTS = 64;
    uint32 private constant DISPUTED = 1;

    INodeRegistry public immutable nodeRegistry;
    IRecordLocator public immutable locator;
    uint32 public immutable roundSeconds;
    uint32 public immutable answerRounds;
    uint32 public immutable takeOverSeconds;
    uint32 public immutable tagEpochSeconds;
    uint32 public immutable auditSeconds;

    Progress private _progress;
    RingSlot[REQUESTS] private _requests;
    RingSlot[SETTLEMENTS] private _settlements;

    constructor(INodeRegistry nodeRegistry_, Windows memory windows) {
        if (
            windows.roundSeconds == 0 ||
            windows.answerRounds == 0 ||
            windows.takeOverSeconds == 0 ||
            windows.tagEpochSeconds == 0 ||
            windows.auditSeconds == 0
        ) revert ZeroWindow();
        nodeRegistry = nodeRegistry_;
        locator = new RecordLocator();
        roundSeconds = windows.roundSeconds;
        answerRounds = windows.answerRounds;
        takeOverSeconds = windows.takeOverSeconds;
        tagEpochSeconds = windows.tagEpochSeconds;
        auditSeconds = windows.auditSeconds;

        for (uint256 i = 0; i < REQUESTS; ++i) _requests[i] = FILLER;
        for (uint256 i = 0; i < SETTLEMENTS; ++i) _settlements[i] = FILLER;
    }

    // Recording and index nodes

    function requestStorage(
        bytes32 batchRoot,
        bytes32 queryDigest,
        uint16 paddedCount,
        uint32 tagEpoch
    ) external returns (uint64 request) {
        uint16 position = _answeringPosition();
        if (batchRoot == 0 || queryDigest == 0) revert ZeroRoot();
        if (paddedCount != 16 && paddedCount != 64 && paddedCount != 256 && paddedCount != 1024) {
            revert BadPaddedCount(paddedCount);
        }
        _checkTagEpoch(tagEpoch);

        (uint48 requestCount, uint48 sealedCount) = (_progress.requestCount, _progress.sealedCount);
        if (requestCount - sealedCount == REQUESTS) revert TooManyOpen(requestCount, sealedCount);
        request = requestCount + 1;
        bytes32 digest = _requestDigest(
            request,
            position,
            batchRoot,
            queryDigest,
            paddedCount,
            tagEpoch
        );
        _progress.requestCount = uint48(request);
        _requests[request % REQUESTS] = ringSlot(digest, block.number);
        emit StorageRequested(request, position, batchRoot, queryDigest, paddedCount, tagEpoch);
    }

    function denySettlement(
        uint32 settlement,
        uint64 fromRequest,
        uint64 toRequest,
        uint256 settledBitmap
    ) external {
        uint16 position = _answeringPosition();
        RingSlot slot = _settlements[settlement % SETTLEMENTS];
        if (!slot.matches(_settlementDigest(settlement, fromRequest, toRequest, settledBitmap))) {
            revert UnknownSettlement(settlement);
        }
        if ((settledBitmap >> position) & 1 == 0) revert NotMarkedSettled(settlement, position);

        _settlements[settlement % SETTLEMENTS] = slot.withMark(DISPUTED);
        emit SettlementDenied(settlement, position, fromRequest, toRequest);
    }

    // The active consensus node

    function sealBatches(
        uint64 fromRequest,
        uint64 toRequest,
        SealedRequest[] calldata requests,
        bytes32 prevRoot,
        bytes32 newRoot,
        bytes32 deliveriesRoot,
        bytes32 answersRoot,
        uint32 term
    ) external {
        requireActive(msg.sender, term);
        if (deliveriesRoot == 0) revert ZeroRoot();
        _seal(fromRequest, toRequest, requests);
        locator.update(prevRoot, newRoot, term);
        emit BatchSealed(
            fromRequest,
            toRequest,
            prevRoot,
            newRoot,
            deliveriesRoot,
            answersRoot,
            term
        );
    }

    function recordReceipts(
        uint64 fromRequest,
        uint64 toRequest,
        uint256 settledBitmap,
        bytes32 receiptsRoot,
        uint32 term
    ) external {
        requireActive(msg.sender, term);
        if ((settledBitmap == 0) != (receiptsRoot == 0))
            revert BitmapContradictsRoot(settledBitmap, receiptsRoot);
        (uint48 settledCount, uint48 sealedCount) = (_progress.settledCount, _progress.sealedCount);
        if (fromRequest != settledCount + 1 || toRequest < fromRequest || toRequest > sealedCount) {
            revert WrongRange(fromRequest, toRequest, settledCount, sealedCount);
        }

        uint32 settlement = _progress.settlementCount + 1;
        uint256 place = settlement % SETTLEMENTS;
        uint256 notBefore = uint256(_settlements[place].timeOf()) + takeOverSeconds;
        if (block.timestamp < notBefore) revert SettledTooFast(settlement, notBefore);
        _progress.settledCount = uint48(toRequest); // at most sealedCount
        _progress.settlementCount = settlement;
        _settlements[place] = ringSlot(
            _settlementDigest(settlement, fromRequest, toRequest, settledBitmap),
            0
        );
        emit ReceiptsRecorded(
            settlement,
            fromRequest,
            toRequest,
            settledBitmap,
            receiptsRoot,
            term
        );
    }

    // Standbys

    function takeOver(uint32 term) external {
        Standing standing = nodeRegistry.standingOf(msg.sender);
        Progress memory present = _progress;
        bool isStandby = present.term == 0 || standing.positionOf() != present.consensusPosition;
        if (!_isConsensusNode(standing) || !isStandby) revert NotStandby(msg.sender);
        if (term != present.term + 1) revert WrongTerm(term, present.term + 1);
        if (present.term != 0) _checkOverdue(present);

        _progress.term = term;
        _progress.termSince = uint32(block.timestamp);
        _progress.consensusPosition = standing.positionOf();
        emit TermStarted(term, nodeRegistry.nodeIdOf(msg.sender));
    }

    // Views

    function progress() external view returns (Progress memory) {
        return _progress;
    }

    function requestSlot(
        uint64 request
    ) external view returns (bytes24 digest, uint32 requestedInBlock, uint32 requestedAt) {
        uint256 count = _progress.requestCount;
        if (request == 0 || request > count || request + REQUESTS <= count)
            revert UnknownRequest(request);
        RingSlot slot = _requests[request % REQUESTS];
        return (slot.digestOf(), slot.markOf(), slot.timeOf());
    }

    function isDisputed(uint32 settlement) external view returns (bool) {
        uint256 count = _progress.settlementCount;
        if (settlement == 0 || settlement > count || settlement + SETTLEMENTS <= count) {
            revert UnknownSettlement(settlement);
        }
        return _settlements[settlement % SETTLEMENTS].markOf() == DISPUTED;
    }

    function requireActive(address account, uint32 term) public view {
        (uint32 present, uint16 position) = (_progress.term, _progress.consensusPosition);
        if (term != present) revert WrongTerm(term, present);
        Standing standing = nodeRegistry.standingOf(account);
        if (present == 0 || !_isConsensusNode(standing) || standing.positionOf() != position) {
            revert NotActiveConsensusNode(account);
        }
    }

    function _seal(
        uint64 fromRequest,
        uint64 toRequest,
        SealedRequest[] calldata requests
    ) private {
        (uint48 sealedCount, uint48 requestCount) = (_progress.sealedCount, _progress.requestCount);
        if (fromRequest != sealedCount + 1 || toRequest < fromRequest || toRequest > requestCount) {
            revert WrongRange(fromRequest, toRequest, sealedCount, requestCount);
        }
        uint256 expected = toRequest - fromRequest + 1;
        if (requests.length != expected) revert WrongRequestCount(requests.length, expected);

        for (uint256 i = 0; i < expected; ++i) {
            uint64 request = fromRequest + uint64(i);
            SealedRequest calldata sealed_ = requests[i];
            bytes32 digest = _requestDigest(
                request,
                sealed_.position,
                sealed_.batchRoot,
                sealed_.queryDigest,
                sealed_.paddedCount,
                sealed_.tagEpoch
            );
            if (!_requests[request % REQUESTS].matches(digest)) revert WrongRequest(request);
        }
        _progress.sealedCount = uint48(toRequest); // at most requestCount
    }

    function _answeringPosition() private view returns (uint16) {
        Standing standing = nodeRegistry.standingOf(msg.sender);
        if (!standing.isActive() || !standing.isAnswering()) revert NotAnsweringNode(msg.sender);
        return standing.positionOf();
    }

    function _checkTagEpoch(uint256 tagEpoch) private view {
        uint256 present = block.timestamp / tagEpochSeconds;
        if (tagEpoch + 1 < present || tagEpoch > present + 1) revert BadTagEpoch(tagEpoch, present);
    }

    function _checkOverdue(Progress memory present) private view {
        if (!_isConsensusNode(nodeRegistry.consensusStandingAt(present.consensusPosition))) return;
        if (present.requestCount == present.sealedCount) revert NothingOpen();
        uint256 requestedAt = _requests[(present.sealedCount + 1) % REQUESTS].timeOf();
        uint256 since = Math.max(requestedAt, present.termSince);
        uint256 notBefore = since + takeOverSeconds + 1;
        if (block.timestamp < notBefore) revert NotOverdue(notBefore);
    }

    function _isConsensusNode(Standing standing) private view returns (bool) {
        return standing.isActive() && standing.roleOf() == CONSENSUS;
    }

    function _requestDigest(
        uint64 request,
        uint16 position,
        bytes32 batchRoot,
        bytes32 queryDigest,
        uint16 paddedCount,
        uint32 tagEpoch
    ) private pure returns (bytes32) {
        return
            keccak256(abi.encode(request, position, batchRoot, queryDigest, paddedCount, tagEpoch));
    }

    function _settlementDigest(
        uint32 settlement,
        uint64 fromRequest,
        uint64 toRequest,
        uint256 settledBitmap
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(settlement, fromRequest, toRequest, settledBitmap));
    }
}
