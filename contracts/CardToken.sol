// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Card USDC: the money behind a debit card.
/// @notice One cUSDC stands for one USDC held here. A user pays USDC in, the card's settler burns what the
/// card spent and sends that USDC to the treasury, and the user takes the rest out in two steps, with a delay
/// between them that lets spending settle first.
/// @dev All amounts are in USDC's smallest unit (6 decimals).
/// - Backing: totalSupply() <= usdc.balanceOf(this) at all times, and equal unless somebody sent USDC here
///   without depositing it. That surplus belongs to nobody's card; an admin may {sweep} it to the treasury.
/// - A user's pending withdrawal never exceeds the user's balance.
/// - A settlement id is used once, by {settle} or {settleBatch}, and for ever.
/// - Payouts burn before they pay and deposits collect before they mint, so that a token calling back can see
///   too little cUSDC at most, never too much.
contract CardToken is ERC20, AccessControl, Pausable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev One storage slot, so that a settlement reads a pending withdrawal at the price of one load.
    struct Withdrawal {
        uint128 amount;
        uint128 readyAt;
    }

    /// @notice May settle what cards have spent.
    bytes32 public constant SETTLER_ROLE = keccak256("SETTLER_ROLE");

    /// @notice May pause and unpause.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    /// @notice The token that backs this one.
    IERC20 public immutable usdc;

    /// @notice Where settled USDC goes.
    address public immutable treasury;

    /// @notice Seconds between {requestWithdrawal} and the earliest {withdraw}.
    /// @dev Choose it longer than the settlement interval, or spent money can leave first.
    uint64 public immutable withdrawalDelayS;

    /// @notice Whether a settlement id has been used.
    mapping(bytes32 settlementId => bool) public settled;

    mapping(address user => Withdrawal) private _withdrawals;

    /// @notice `amount` was credited to `user`, 1:1 against USDC.
    event CardDeposit(address indexed user, uint256 amount);

    /// @notice `amount` of `user` was burned and sent to the treasury. Not emitted for nothing.
    event CardSettlement(address indexed user, uint256 amount, bytes32 indexed settlementId);

    /// @notice `user` had `missing` less than was to be settled; it stays owed off chain.
    event SettlementShortfall(address indexed user, uint256 missing, bytes32 indexed settlementId);

    /// @notice `user` may withdraw `amount` from the second `readyAt` on.
    event WithdrawalRequested(address indexed user, uint256 amount, uint256 readyAt);

    /// @notice `user` took the request for `amount` back.
    event WithdrawalCancelled(address indexed user, uint256 amount);

    /// @notice A settlement left `amount` to withdraw; at 0 the request is gone.
    event WithdrawalReduced(address indexed user, uint256 amount);

    /// @notice `amount` was burned and paid out to `user`.
    event WithdrawalCompleted(address indexed user, uint256 amount);

    /// @notice `amount` of USDC that no deposit accounts for went to the treasury.
    event SurplusSwept(uint256 amount);

    /// @notice This settlement id was used before; nothing was settled by this call.
    error AlreadySettled(bytes32 settlementId);

    /// @notice Only {deposit}, {settle} and {withdraw} move cUSDC.
    error NonTransferable();

    /// @notice An amount is zero, or a batch is empty.
    error ZeroAmount();

    /// @notice A user, or one of the constructor's addresses, is the zero address.
    error ZeroAddress();

    /// @notice The arrays of a batch differ in length.
    error LengthMismatch();

    /// @notice A withdrawal of `wanted` was requested against a balance of `available`.
    error InsufficientBalance(uint256 available, uint256 wanted);

    /// @notice One withdrawal at a time: complete it or cancel it first.
    error WithdrawalPending();

    /// @notice The withdrawal opens at the second `readyAt`.
    error WithdrawalNotReady(uint256 readyAt);

    /// @notice Nothing is pending.
    error NoWithdrawal();

    /// @notice USDC delivered less than was deposited: `held` would not back `supply`.
    error Unbacked(uint256 supply, uint256 held);

    /// @param usdc_ the token to wrap, 6 decimals
    /// @param treasury_ receives settled USDC and swept surplus
    /// @param admin manages roles, pauses, sweeps
    /// @param settler holds SETTLER_ROLE
    /// @param withdrawalDelayS_ seconds from request to withdrawal
    constructor(IERC20 usdc_, address treasury_, address admin, address settler, uint64 withdrawalDelayS_)
        ERC20("Card USDC", "cUSDC")
    {
        require(
            address(usdc_) != address(0) && treasury_ != address(0) && admin != address(0) && settler != address(0),
            ZeroAddress()
        );
        usdc = usdc_;
        treasury = treasury_;
        withdrawalDelayS = withdrawalDelayS_;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(PAUSER_ROLE, admin);
        _grantRole(SETTLER_ROLE, settler);
    }

    // ---- paying in -------------------------------------------------------------------------------------------

    /// @notice Wrap `amount` of the caller's USDC (approve it first).
    function deposit(uint256 amount) external {
        depositFor(msg.sender, amount);
    }

    /// @notice Pay `amount` of the caller's USDC in for `user`.
    function depositFor(address user, uint256 amount) public nonReentrant whenNotPaused {
        _requireEntry(user, amount);
        usdc.safeTransferFrom(msg.sender, address(this), amount);
        _credit(user, amount);
        _requireBacked();
    }

    /// @notice Pay in for many users; the caller's USDC is collected once. All or nothing.
    function depositBatch(address[] calldata users, uint256[] calldata amounts) external nonReentrant whenNotPaused {
        _requireBatch(users.length, amounts.length);
        uint256 total = 0;
        for (uint256 i = 0; i < users.length; ++i) {
            _requireEntry(users[i], amounts[i]);
            total += amounts[i];
        }
        usdc.safeTransferFrom(msg.sender, address(this), total);
        for (uint256 i = 0; i < users.length; ++i) {
            _credit(users[i], amounts[i]);
        }
        _requireBacked();
    }

    // ---- settling --------------------------------------------------------------------------------------------

    /// @notice Burn what one user's card spent and send the USDC to the treasury.
    /// @param settlementId used once, over {settle} and {settleBatch} together
    function settle(address user, uint256 amount, bytes32 settlementId)
        external
        nonReentrant
        onlyRole(SETTLER_ROLE)
        whenNotPaused
    {
        _useSettlementId(settlementId);
        _payTreasury(_burnSpent(user, amount, settlementId));
    }

    /// @notice Settle many users under one id; the treasury is paid once.
    /// @dev A user who has too little gives what is there and raises {SettlementShortfall}, so that no user can
    /// block the others. A user may appear more than once.
    function settleBatch(address[] calldata users, uint256[] calldata amounts, bytes32 settlementId)
        external
        nonReentrant
        onlyRole(SETTLER_ROLE)
        whenNotPaused
    {
        _requireBatch(users.length, amounts.length);
        _useSettlementId(settlementId);
        uint256 burned = 0;
        for (uint256 i = 0; i < users.length; ++i) {
            burned += _burnSpent(users[i], amounts[i], settlementId);
        }
        _payTreasury(burned);
    }

    // ---- taking out ------------------------------------------------------------------------------------------

    /// @notice Ask for `amount` of the caller's balance. It stays on the card, and may still be settled, until
    /// {withdraw}.
    /// @return readyAt the second from which {withdraw} pays
    function requestWithdrawal(uint256 amount) external nonReentrant whenNotPaused returns (uint256 readyAt) {
        require(amount != 0, ZeroAmount());
        require(_withdrawals[msg.sender].amount == 0, WithdrawalPending());
        uint256 available = balanceOf(msg.sender);
        require(amount <= available, InsufficientBalance(available, amount));
        readyAt = block.timestamp + withdrawalDelayS;
        _withdrawals[msg.sender] = Withdrawal(SafeCast.toUint128(amount), SafeCast.toUint128(readyAt));
        emit WithdrawalRequested(msg.sender, amount, readyAt);
    }

    /// @notice Take the caller's request back. Works while paused.
    function cancelWithdrawal() external nonReentrant {
        uint256 amount = _withdrawals[msg.sender].amount;
        require(amount != 0, NoWithdrawal());
        delete _withdrawals[msg.sender];
        emit WithdrawalCancelled(msg.sender, amount);
    }

    /// @notice Burn the caller's pending amount and pay it out in USDC, once its time has come.
    function withdraw() external nonReentrant whenNotPaused {
        Withdrawal memory pending = _withdrawals[msg.sender];
        require(pending.amount != 0, NoWithdrawal());
        require(block.timestamp >= pending.readyAt, WithdrawalNotReady(pending.readyAt));
        delete _withdrawals[msg.sender];
        _burn(msg.sender, pending.amount);
        emit WithdrawalCompleted(msg.sender, pending.amount);
        usdc.safeTransfer(msg.sender, pending.amount);
    }

    // ---- administration --------------------------------------------------------------------------------------

    /// @notice Stop deposits, settlements, requests and withdrawals.
    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @notice Resume.
    function unpause() external onlyRole(PAUSER_ROLE) {
        _unpause();
    }

    /// @notice Send USDC that came here without a deposit to the treasury. No card's backing is touched.
    function sweep() external nonReentrant onlyRole(DEFAULT_ADMIN_ROLE) {
        uint256 amount = surplus();
        require(amount != 0, ZeroAmount());
        emit SurplusSwept(amount);
        usdc.safeTransfer(treasury, amount);
    }

    // ---- reading ---------------------------------------------------------------------------------------------

    /// @notice What `user`'s card can settle: the balance, a pending withdrawal included.
    function cardBalance(address user) external view returns (uint256) {
        return balanceOf(user);
    }

    /// @notice `user`'s pending withdrawal; zeros if there is none.
    function pendingWithdrawal(address user) external view returns (uint256 amount, uint256 readyAt) {
        Withdrawal memory pending = _withdrawals[user];
        return (pending.amount, pending.readyAt);
    }

    /// @notice USDC held beyond what backs the supply.
    function surplus() public view returns (uint256) {
        return usdc.balanceOf(address(this)) - totalSupply();
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    // ---- not a transferable token ----------------------------------------------------------------------------

    /// @notice Always reverts: spent money must not move away before it is settled.
    function transfer(address, uint256) public pure override returns (bool) {
        revert NonTransferable();
    }

    /// @notice Always reverts.
    function transferFrom(address, address, uint256) public pure override returns (bool) {
        revert NonTransferable();
    }

    /// @notice Always reverts.
    function approve(address, uint256) public pure override returns (bool) {
        revert NonTransferable();
    }

    // ---- inside ----------------------------------------------------------------------------------------------

    function _requireEntry(address user, uint256 amount) private pure {
        require(user != address(0), ZeroAddress());
        require(amount != 0, ZeroAmount());
    }

    function _requireBatch(uint256 users, uint256 amounts) private pure {
        require(users == amounts, LengthMismatch());
        require(users != 0, ZeroAmount());
    }

    function _requireBacked() private view {
        uint256 held = usdc.balanceOf(address(this));
        require(held >= totalSupply(), Unbacked(totalSupply(), held));
    }

    function _credit(address user, uint256 amount) private {
        _mint(user, amount);
        emit CardDeposit(user, amount);
    }

    function _useSettlementId(bytes32 settlementId) private {
        require(!settled[settlementId], AlreadySettled(settlementId));
        settled[settlementId] = true;
    }

    function _burnSpent(address user, uint256 amount, bytes32 settlementId) private returns (uint256 burned) {
        _requireEntry(user, amount);
        uint256 balance = balanceOf(user);
        burned = amount < balance ? amount : balance;
        if (burned != 0) {
            _burn(user, burned);
            _capWithdrawal(user, balance - burned);
            emit CardSettlement(user, burned, settlementId);
        }
        if (burned < amount) {
            emit SettlementShortfall(user, amount - burned, settlementId);
        }
    }

    /// @dev Keeps a pending withdrawal within what is left of the balance.
    function _capWithdrawal(address user, uint256 left) private {
        Withdrawal storage pending = _withdrawals[user];
        if (pending.amount <= left) return;
        if (left == 0) {
            delete _withdrawals[user];
        } else {
            pending.amount = uint128(left); // fits: less than the uint128 it replaces
        }
        emit WithdrawalReduced(user, left);
    }

    function _payTreasury(uint256 amount) private {
        if (amount != 0) usdc.safeTransfer(treasury, amount);
    }
}
