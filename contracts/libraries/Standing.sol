// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// What a signing key stands for, in one slot, from the low bits: role 8, state 8, position 16, keyEpoch 32,
// activeFrom 48. Zero is a key nobody was admitted with.
type Standing is uint256;

using {
    roleOf,
    stateOf,
    positionOf,
    keyEpochOf,
    activeFromOf,
    isActive,
    isAnswering,
    isServing,
    withState
} for Standing global;

uint8 constant RECORDING = 1;
uint8 constant CONSENSUS = 2;
uint8 constant INDEX = 3;
uint8 constant READER = 4;
uint8 constant OBSERVER = 5;

uint8 constant UNKNOWN = 0;
uint8 constant ADMITTED = 1;
uint8 constant SUSPENDED = 2;
uint8 constant REMOVED = 3;
uint8 constant REPLACED = 4;

// Readers and observers have no position: nobody counts their answers.
uint16 constant NO_POSITION = type(uint16).max;

function standing(
    uint8 role,
    uint8 state,
    uint16 position,
    uint32 keyEpoch,
    uint48 activeFrom
) pure returns (Standing) {
    return
        Standing.wrap(
            uint256(role) |
                (uint256(state) << 8) |
                (uint256(position) << 16) |
                (uint256(keyEpoch) << 32) |
                (uint256(activeFrom) << 64)
        );
}

// The casts below cut off the fields above: that is how a field is read.
function roleOf(Standing self) pure returns (uint8) {
    return uint8(Standing.unwrap(self));
}

function stateOf(Standing self) pure returns (uint8) {
    return uint8(Standing.unwrap(self) >> 8);
}

function positionOf(Standing self) pure returns (uint16) {
    return uint16(Standing.unwrap(self) >> 16);
}

function keyEpochOf(Standing self) pure returns (uint32) {
    return uint32(Standing.unwrap(self) >> 32);
}

function activeFromOf(Standing self) pure returns (uint48) {
    return uint48(Standing.unwrap(self) >> 64);
}

function isActive(Standing self) view returns (bool) {
    return self.stateOf() == ADMITTED && self.activeFromOf() <= block.timestamp;
}

// Recording and index nodes answer presence queries and settle; nobody else does.
function isAnswering(Standing self) pure returns (bool) {
    uint8 role = self.roleOf();
    return role == RECORDING || role == INDEX;
}

// Recording, consensus and index nodes: bits 1 to 3.
function isServing(Standing self) pure returns (bool) {
    return (14 >> self.roleOf()) & 1 == 1;
}

function withState(Standing self, uint8 state) pure returns (Standing) {
    return Standing.wrap((Standing.unwrap(self) & ~uint256(0xff00)) | (uint256(state) << 8));
}
