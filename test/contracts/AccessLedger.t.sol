// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessLedger} from "../../contracts/consent/AccessLedger.sol";
import {RECORDING, READER} from "../../contracts/libraries/Standing.sol";
import {EdgeFixture} from "./EdgeFixture.sol";

uint256 constant LOGS = 2;

// Two nodes anchor and ask; strangers, a suspended node and the nodes' own later calls must not move what stands.
contract LedgerHandler is EdgeFixture {
    AccessLedger public ledger;
    bytes32[LOGS] public ids;
    uint64[LOGS] public sizes;
    bytes32[LOGS] public roots;
    mapping(bytes32 id => bytes32 nodeId) public asked;
    bytes32[] public requests;
    bool public isSuspended;
    string public breach;

    constructor() {
        deployNodes();
        for (uint256 i = 0; i < LOGS; ++i)
            ids[i] = admit(accountOf(i), i == 0 ? RECORDING : READER);
        ledger = new AccessLedger(nodes);
    }

    function anchor(uint8 who, uint64 size, bytes32 root, address stranger, uint8 how) external {
        uint256 node = who % LOGS;
        address caller = how % 4 == 0 ? stranger : accountOf(node);
        size = how % 2 == 0 ? sizes[node] + uint64(bound(size, 0, 3)) : size;
        bool isRight = caller == accountOf(node) && root != 0 && size > sizes[node];
        isRight = isRight && size <= type(uint40).max && !(node == 0 && isSuspended);
        vm.prank(caller);
        try ledger.anchor(size, root) {
            if (!isRight) breach = "anchored";
            (sizes[node], roots[node]) = (size, root);
        } catch {
            if (isRight) breach = "not anchored";
        }
    }

    function ask(uint8 who, bytes32 id, address stranger, uint8 how) external {
        uint256 node = who % LOGS;
        if (how % 2 == 0 && requests.length != 0) id = requests[uint256(id) % requests.length];
        address caller = how % 4 == 1 ? stranger : accountOf(node);
        bool isRight = caller == accountOf(0) && !isSuspended && id != 0 && asked[id] == 0;
        vm.prank(caller);
        try ledger.requestEmergency(id) {
            if (!isRight) breach = "asked";
            asked[id] = ids[0];
            requests.push(id);
        } catch {
            if (isRight) breach = "not asked";
        }
    }

    function turn(bool suspends) external {
        if (suspends == isSuspended) return;
        if (suspends) nodes.suspend(ids[0]);
        else nodes.resume(ids[0]);
        isSuspended = suspends;
    }

    function requestCount() external view returns (uint256) {
        return requests.length;
    }

    function accountOf(uint256 node) public pure returns (address) {
        return address(uint160(0xa0 + node));
    }
}

contract AccessLedgerInvariants is EdgeFixture {
    LedgerHandler private _handler;

    function setUp() external {
        _handler = new LedgerHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_logsOnlyGrowByTheirNodesAndRequestsStand() external view {
        check(bytes(_handler.breach()).length == 0, _handler.breach());
        AccessLedger ledger = _handler.ledger();
        for (uint256 i = 0; i < LOGS; ++i) {
            (uint64 size, bytes22 root, uint64 blockNumber) = ledger.anchoredOf(_handler.ids(i));
            check(size == _handler.sizes(i) && root == bytes22(_handler.roots(i)), "log");
            check(blockNumber <= block.number, "block");
        }
        for (uint256 i = 0; i < _handler.requestCount(); ++i) {
            bytes32 id = _handler.requests(i);
            (bytes32 nodeId, uint48 requestedAt) = ledger.emergencyOf(id);
            check(nodeId == _handler.asked(id) && requestedAt != 0, "request");
        }
    }
}
