// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {INodeRegistry} from "./INodeRegistry.sol";
import {IRecordLocator} from "./IRecordLocator.sol";

/// @title Storage requests, their seals and their settlements
/// @notice Requests are numbered from 1, sealed in that order by the active consensus node, then settled in that
/// order. The contract keeps two rings of reused slots and a row of counters; nothing grows with records or nodes.
interface IRecordExchange {
    /// @notice Windows of the network, in seconds of block time or in rounds.
    /// @param roundSeconds Length of a round.
    /// @param answerRounds Rounds in which a node may answer a request.
    /// @param takeOverSeconds Age of the oldest unsealed request at which a standby may take over (T); a settlement
    /// can be denied for as long.
    /// @param tagEpochSeconds Length of a tag epoch.
    /// @param auditSeconds Period in which every node asks for the proofs of all its patients.
    struct Windows {
        uint32 roundSeconds;
        uint32 answerRounds;
        uint32 takeOverSeconds;
        uint32 tagEpochSeconds;
        uint32 auditSeconds;
    }

    /// @notice A request as its event told it.
    /// @param position Of the requesting node among the recording and index nodes.
    /// @param batchRoot Merkle root of the anchors.
    /// @param queryDigest SHA-256 of the presence query.
    /// @param paddedCount Number of tags in the query.
    /// @param tagEpoch Of the tags.
    struct SealedRequest {
        uint16 position;
        bytes32 batchRoot;
        bytes32 queryDigest;
        uint16 paddedCount;
        uint32 tagEpoch;
    }

    /// @notice Where the exchange stands.
    /// @param requestCount Number of the last request.
    /// @param sealedCount Number of the last sealed request.
    /// @param settledCount Number of the last settled request.
    /// @param settlementCount Number of the last settlement.
    /// @param term Counts the active consensus nodes; zero before the first.
    /// @param termSince Unix time of its start.
    /// @param consensusPosition Of the active node among the consensus nodes; meaningless in term zero.
    struct Progress {
        uint48 requestCount;
        uint48 sealedCount;
        uint48 settledCount;
        uint32 settlementCount;
        uint32 term;
        uint32 termSince;
        uint16 consensusPosition;
    }

    /// @notice A node asks all others whether they hold the patients of its batch. Fields as in SealedRequest.
    event StorageRequested(
        uint64 indexed request,
        uint16 indexed position,
        bytes32 batchRoot,
        bytes32 queryDigest,
        uint16 paddedCount,
        uint32 tagEpoch
    );

    /// @notice Requests were sealed.
    /// @param from First of them.
    /// @param to Last of them.
    /// @param prevRoot Root of the sharing table before.
    /// @param newRoot Root after.
    /// @param deliveriesRoot Over one leaf for each node.
    /// @param answersRoot Over the presence answers received; zero for none.
    /// @param term Of the consensus node.
    event BatchSealed(
        uint64 indexed from,
        uint64 indexed to,
        bytes32 prevRoot,
        bytes32 newRoot,
        bytes32 deliveriesRoot,
        bytes32 answersRoot,
        uint32 term
    );

    /// @notice Sealed requests were settled.
    /// @param settlement Its number, from 1.
    /// @param from First request.
    /// @param to Last request.
    /// @param settledBitmap Bit i: the sealed settlement of the node at position i was received. Not what is in it.
    /// @param receiptsRoot Over the settlements received; zero for none.
    /// @param term Of the consensus node.
    event ReceiptsRecorded(
        uint32 indexed settlement,
        uint64 from,
        uint64 to,
        uint256 settledBitmap,
        bytes32 receiptsRoot,
        uint32 term
    );

    /// @notice A node says that it sent no settlement although its bit is set: the settlement is disputed.
    /// @param settlement Its number.
    /// @param position Of the node that denies.
    /// @param from First request.
    /// @param to Last request.
    event SettlementDenied(
        uint32 indexed settlement,
        uint16 indexed position,
        uint64 from,
        uint64 to
    );

    /// @notice A consensus node became the active one.
    event TermStarted(uint32 indexed term, bytes32 indexed nodeId);

    /// @notice A window is zero.
    error ZeroWindow();

    /// @notice A root that is never empty is zero.
    error ZeroRoot();

    /// @notice The caller is no active recording or index node.
    error NotAnsweringNode(address caller);

    /// @notice The caller is no active consensus node, or another one's term runs.
    error NotActiveConsensusNode(address caller);

    /// @notice The caller is no active consensus node, or its own term runs.
    error NotStandby(address caller);

    /// @notice The padded size is not 16, 64, 256 or 1,024.
    error BadPaddedCount(uint16 paddedCount);

    /// @notice The tag epoch is neither the present one nor a neighbour.
    error BadTagEpoch(uint256 tagEpoch, uint256 present);

    /// @notice 256 requests wait to be sealed. Try again after the next seal.
    error TooManyOpen(uint64 requestCount, uint64 sealedCount);

    /// @notice The range does not follow what was done before, is empty or goes beyond what is there.
    error WrongRange(uint64 from, uint64 to, uint64 done, uint64 limit);

    /// @notice The range and the list differ in length.
    error WrongRequestCount(uint256 requests, uint256 expected);

    /// @notice The ring keeps no such request.
    error UnknownRequest(uint64 request);

    /// @notice The request on chain is another one, say after a reorganisation.
    error WrongRequest(uint64 request);

    /// @notice The term is not the one expected.
    error WrongTerm(uint32 term, uint32 expected);

    /// @notice A root over receipts without a set bit, or the other way round.
    error BitmapContradictsRoot(uint256 settledBitmap, bytes32 receiptsRoot);

    /// @notice Settlements come so fast that an older one could not be denied for T. Try again later.
    error SettledTooFast(uint32 settlement, uint256 notBefore);

    /// @notice No such settlement is kept, or it was over another range or bitmap.
    error UnknownSettlement(uint32 settlement);

    /// @notice The node's bit is not set: there is nothing to deny.
    error NotMarkedSettled(uint32 settlement, uint16 position);

    /// @notice Neither is the oldest request, or the term, older than T, nor is the active node out of office.
    error NotOverdue(uint256 notBefore);

    /// @notice No request waits to be sealed and the active node is in office.
    error NothingOpen();

    /// @notice Anchors a batch and asks for presence. By an active recording or index node.
    /// @param batchRoot Merkle root of the anchors.
    /// @param queryDigest SHA-256 of the presence query.
    /// @param paddedCount 16, 64, 256 or 1,024.
    /// @param tagEpoch Block time divided by tagEpochSeconds, or a neighbour of it.
    /// @return request Its number.
    function requestStorage(
        bytes32 batchRoot,
        bytes32 queryDigest,
        uint16 paddedCount,
        uint32 tagEpoch
    ) external returns (uint64 request);

    /// @notice Seals the oldest open requests and swaps the root of the sharing table. By the active consensus node.
    /// @param fromRequest The one after the last sealed.
    /// @param toRequest Last to seal.
    /// @param requests All of the range, in order.
    /// @param prevRoot Root of the sharing table.
    /// @param newRoot Its successor.
    /// @param deliveriesRoot Over one leaf for each node; never zero.
    /// @param answersRoot Over the presence answers received; zero for none.
    /// @param term The present term.
    function sealBatches(
        uint64 fromRequest,
        uint64 toRequest,
        SealedRequest[] calldata requests,
        bytes32 prevRoot,
        bytes32 newRoot,
        bytes32 deliveriesRoot,
        bytes32 answersRoot,
        uint32 term
    ) external;

    /// @notice Records whose settlements were received. By the active consensus node.
    /// @param fromRequest The one after the last settled.
    /// @param toRequest Last to settle, sealed before.
    /// @param settledBitmap Bit i for the node at position i.
    /// @param receiptsRoot Over the settlements received; zero if and only if no bit is set.
    /// @param term The present term.
    function recordReceipts(
        uint64 fromRequest,
        uint64 toRequest,
        uint256 settledBitmap,
        bytes32 receiptsRoot,
        uint32 term
    ) external;

    /// @notice Denies having sent a settlement. By a recording or index node whose bit is set; possible for T, and
    /// then until 64 more settlements were recorded.
    /// @param settlement Its number.
    /// @param fromRequest As recorded.
    /// @param toRequest As recorded.
    /// @param settledBitmap As recorded.
    function denySettlement(
        uint32 settlement,
        uint64 fromRequest,
        uint64 toRequest,
        uint256 settledBitmap
    ) external;

    /// @notice Makes the caller, a standby, the active consensus node: at once in term 1 or when the active node is
    /// suspended or removed, else when both the oldest unsealed request and the term are older than T.
    /// @param term The present term + 1.
    function takeOver(uint32 term) external;

    /// @notice Reverts unless the account is the active consensus node of this term.
    /// @param account A signing key.
    /// @param term The present term.
    function requireActive(address account, uint32 term) external view;

    /// @notice Where the exchange stands.
    function progress() external view returns (Progress memory);

    /// @notice What the ring keeps of one of the last 256 requests.
    /// @param request Its number.
    /// @return digest First 24 bytes of keccak256(abi.encode(request, position, batchRoot, queryDigest, paddedCount,
    /// tagEpoch)).
    /// @return requestedInBlock Block number.
    /// @return requestedAt Unix time.
    function requestSlot(
        uint64 request
    ) external view returns (bytes24 digest, uint32 requestedInBlock, uint32 requestedAt);

    /// @notice Whether one of the last 64 settlements was denied by a node.
    /// @param settlement Its number.
    function isDisputed(uint32 settlement) external view returns (bool);

    /// @notice The registry of nodes.
    function nodeRegistry() external view returns (INodeRegistry);

    /// @notice The root of the sharing table.
    function locator() external view returns (IRecordLocator);

    /// @notice Length of a round in seconds.
    function roundSeconds() external view returns (uint32);

    /// @notice Rounds in which a node may answer a request.
    function answerRounds() external view returns (uint32);

    /// @notice Seconds after which a standby may take over (T).
    function takeOverSeconds() external view returns (uint32);

    /// @notice Length of a tag epoch in seconds.
    function tagEpochSeconds() external view returns (uint32);

    /// @notice Seconds in which every node asks for the proofs of all its patients.
    function auditSeconds() external view returns (uint32);
}
