// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRecordExchange} from "../interfaces/IRecordExchange.sol";
import {IRecordLocator} from "../interfaces/IRecordLocator.sol";

contract RecordLocator is IRecordLocator {
    IRecordExchange public immutable exchange;
    bytes32 public root;

    constructor() {
        exchange = IRecordExchange(msg.sender);
    }

    function update(bytes32 prevRoot, bytes32 newRoot, uint32 term) external {
        // The exchange has checked its own caller.
        if (msg.sender != address(exchange)) exchange.requireActive(msg.sender, term);
        if (root != prevRoot) revert RootMoved(prevRoot, root);
        if (newRoot == 0 && prevRoot != 0) revert TableEmptied(prevRoot);

        root = newRoot;
        emit LocatorUpdated(prevRoot, newRoot, term);
    }
}
