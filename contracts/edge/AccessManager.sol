// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager as OpenZeppelinAccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

// OpenZeppelin's, with the consortium as its only administrator from the first block on.
contract AccessManager is OpenZeppelinAccessManager {
    constructor(address consortium) OpenZeppelinAccessManager(consortium) {}
}
