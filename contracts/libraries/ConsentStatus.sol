// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// What a network knows of one consent, in one slot, from the low bits: state 8, grantedAt 48, grantBlock 48,
// revocationBlock 48. Zero is a consent nobody granted or revoked.
type ConsentStatus is uint256;

using {
    stateOf,
    grantedAtOf,
    grantBlockOf,
    revocationBlockOf,
    withState,
    asRevoked
} for ConsentStatus global;

uint8 constant NONE = 0;
uint8 constant ACTIVE = 1;
uint8 constant REVOKED = 2;

// Granted now.
function granted() view returns (ConsentStatus) {
    return ConsentStatus.wrap(ACTIVE | (block.timestamp << 8) | (block.number << 56));
}

// Keeps when it was granted, if it was.
function asRevoked(ConsentStatus self) view returns (ConsentStatus) {
    ConsentStatus dead = self.withState(REVOKED);
    return ConsentStatus.wrap(ConsentStatus.unwrap(dead) | (block.number << 104));
}

function withState(ConsentStatus self, uint8 state) pure returns (ConsentStatus) {
    return ConsentStatus.wrap((ConsentStatus.unwrap(self) & ~uint256(0xff)) | state);
}

// The casts below cut off the fields above: that is how a field is read.
function stateOf(ConsentStatus self) pure returns (uint8) {
    return uint8(ConsentStatus.unwrap(self));
}

function grantedAtOf(ConsentStatus self) pure returns (uint48) {
    return uint48(ConsentStatus.unwrap(self) >> 8);
}

function grantBlockOf(ConsentStatus self) pure returns (uint48) {
    return uint48(ConsentStatus.unwrap(self) >> 56);
}

function revocationBlockOf(ConsentStatus self) pure returns (uint48) {
    return uint48(ConsentStatus.unwrap(self) >> 104);
}
