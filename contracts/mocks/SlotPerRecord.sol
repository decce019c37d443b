// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The usual way, for comparison in the benchmark: a storage slot and an event for every record.
contract SlotPerRecord {
    mapping(bytes32 recordId => bytes32 anchor) private _anchors;

    event RecordStored(bytes32 indexed recordId, bytes32 anchor);

    error RecordExists(bytes32 recordId);

    function store(bytes32[] calldata recordIds, bytes32[] calldata anchors) external {
        for (uint256 i = 0; i < recordIds.length; ++i) {
            if (_anchors[recordIds[i]] != 0) revert RecordExists(recordIds[i]);
            _anchors[recordIds[i]] = anchors[i];
            emit RecordStored(recordIds[i], anchors[i]);
        }
    }

    function anchorOf(bytes32 recordId) external view returns (bytes32) {
        return _anchors[recordId];
    }
}
