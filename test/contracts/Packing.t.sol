// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RingSlot, ringSlot} from "../../contracts/libraries/RingSlot.sol";
import {
    ADMITTED,
    INDEX,
    RECORDING,
    Standing,
    standing
} from "../../contracts/libraries/Standing.sol";
import {CheatCodes} from "./Vm.sol";

contract PackingTest is CheatCodes {
    function testFuzz_standing_keepsItsFields(
        uint8 role,
        uint8 state,
        uint16 position,
        uint32 keyEpoch,
        uint48 activeFrom,
        uint8 other
    ) external pure {
        Standing packed = standing(role, state, position, keyEpoch, activeFrom);
        check(packed.stateOf() == state, "state");
        check(packed.withState(other).stateOf() == other, "changed state");
        packed = packed.withState(other);
        check(packed.roleOf() == role, "role");
        check(packed.positionOf() == position, "position");
        check(packed.keyEpochOf() == keyEpoch, "keyEpoch");
        check(packed.activeFromOf() == activeFrom, "activeFrom");
        check(packed.isAnswering() == (role == RECORDING || role == INDEX), "answering");
    }

    function testFuzz_standing_isActive(uint8 state, uint48 activeFrom, uint32 time) external {
        vm.warp(time);
        bool expected = state == ADMITTED && activeFrom <= time;
        check(standing(1, state, 0, 1, activeFrom).isActive() == expected, "active");
    }

    function testFuzz_ringSlot_keepsItsFields(
        bytes32 digest,
        uint32 mark,
        uint32 time,
        uint32 other
    ) external {
        vm.warp(time);
        RingSlot slot = ringSlot(digest, mark);
        check(slot.markOf() == mark, "mark");
        slot = slot.withMark(other);
        check(slot.digestOf() == bytes24(digest), "digest");
        check(slot.markOf() == other, "changed mark");
        check(slot.timeOf() == time, "time");
        check(slot.matches(digest), "matches");
    }

    function testFuzz_ringSlot_matchesNoOtherDigest(bytes32 digest, uint8 bit) external view {
        bytes32 changed = digest ^ bytes32(uint256(1) << (64 + (uint256(bit) % 192)));
        check(!ringSlot(digest, 0).matches(changed), "changed digest");
    }
}
