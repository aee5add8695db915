(* Let r = max μ_i/μ*_i >= 1. No balancing step raises r; a step at i ends strictly below the bound r μ*_i if a neighbour (or the
   ground, for r > 1) is strictly below its own. After D passes of any orders, D being the distance of the farthest unit from the
   ground, r has fallen strictly if it was above 1.

   Hypotheses: the minimum is attained (at `best`); non-zero synapses join every hidden unit to the ground. Units of degree 1: the two
   exponents of a term are equal; any finite list of such terms, so mixtures and ties as well. `r` is any bound of the ratios that is
   at least 1, the largest ratio among them; visible units have ratio 1. Between passes there may be any number of further steps.
   That this makes every fair order converge is thm-5.1.v. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity convergence steps.
Import ListNotations.
Open Scope R_scope.

(* At most n non-zero terms away from the ground, whatever their direction. *)
Inductive distance (P : problem) : nat -> nat -> Prop :=
| distance_ground : forall n i, ~ In i (hidden P) -> distance P n i
| distance_joined : forall n i j, joined P i j -> distance P n j -> distance P (S n) i.

(* From time `from` to time `to` every hidden unit is visited. *)
Definition pass (P : problem) (order : nat -> nat) (from to : nat) : Prop :=
  (from <= to)%nat /\ forall i, In i (hidden P) -> exists t, (from <= t < to)%nat /\ order t = i.

Lemma raised_input : forall P x s i, homogeneous P -> input P (fun k => x k + s) i = input P x i.
Proof.
  intros P x s i Hhom. apply sum_over_ext. intros e Hin. unfold term_at, slope. rewrite (Hhom e Hin).
  destruct (enters i e); [|reflexivity]. do 3 f_equal. ring.
Qed.

Lemma raised_output : forall P x s i, homogeneous P -> output P (fun k => x k + s) i = output P x i.
Proof.
  intros P x s i Hhom. apply sum_over_ext. intros e Hin. unfold term_at, slope. rewrite (Hhom e Hin).
  destruct (leaves i e); [|reflexivity]. do 3 f_equal. ring.
Qed.

Section Bound.

Variables (P : problem) (best : nat -> R) (r : R).
Hypothesis Hwf : well_formed P.
Hypothesis Hhom : homogeneous P.
Hypothesis Hg : all_grounded P.
Hypothesis Hbest : balanced P best.
Hypothesis Hr : 1 <= r.

Lemma bound_is_balanced : forall i, In i (hidden P) ->
  let z k := log_of best k + ln r in input P z i = output P z i /\ 0 < input P z i.
Proof.
  intros i Hi z. unfold z. rewrite raised_input, raised_output by exact Hhom.
  rewrite <- input_log, <- output_log. split; [apply Hbest; exact Hi|].
  apply (balanced_has_both P i best best); auto.
Qed.

Lemma log_bound : forall mu k, 0 < mu k ->
  (mu k <= r * best k <-> log_of mu k <= log_of best k + ln r) /\
  (mu k < r * best k <-> log_of mu k < log_of best k + ln r).
Proof.
  intros mu k Hk. assert (0 < best k) as Hb by apply Hbest.
  unfold log_of. rewrite Rplus_comm, <- ln_mult by lra.
  assert (0 < r * best k) by (apply Rmult_lt_0_compat; lra).
  split; [symmetry; apply log_le; assumption|]. split; intros H'; [apply ln_increasing; assumption|].
  destruct (Rlt_or_le (mu k) (r * best k)) as [|Hle]; [assumption|]. apply log_le in Hle; lra.
Qed.

Lemma step_keeps_bound : forall i mu mu', In i (hidden P) -> multipliers P mu -> balances P i mu mu' ->
  (forall k, mu k <= r * best k) -> forall k, mu' k <= r * best k.
Proof.
  intros i mu mu' Hi Hmu Hs Hb k.
  assert (forall k, 0 < mu' k) as Hpos by (exact (balances_positive P i mu mu' (proj1 Hmu) Hs)).
  destruct (Nat.eq_dec k i) as [->|Hne]; [|destruct Hs as (Hs0 & _); rewrite Hs0 by exact Hne; apply Hb].
  apply (log_bound mu' i); [auto|].
  destruct (Rle_or_lt (log_of mu' i) (log_of best i + ln r)) as [|Hlt]; [assumption|]. exfalso.
  destruct (bound_is_balanced i Hi) as [Hz Hzpos]. pose (z := fun k => log_of best k + ln r). fold z in Hz, Hzpos.
  destruct (balances_step P i mu mu' Hs) as [Hk Hbal].
  assert (forall j, j <> i -> log_of mu' j <= z j) as Ho.
  { intros j Hj. rewrite Hk by exact Hj. apply (log_bound mu j); [apply Hmu|apply Hb]. }
  assert (input P z i < input P (log_of mu') i) by (apply input_lt_own; auto).
  assert (output P (log_of mu') i <= output P z i) by (apply output_le; auto; unfold z; lra).
  lra.
Qed.

Lemma step_strict : forall i j mu mu', In i (hidden P) -> multipliers P mu -> balances P i mu mu' ->
  (forall k, mu k <= r * best k) -> j <> i -> joined P i j -> mu j < r * best j -> mu' i < r * best i.
Proof.
  intros i j mu mu' Hi Hmu Hs Hb Hne Hjoin Hj.
  assert (forall k, 0 < mu' k) as Hpos by (exact (balances_positive P i mu mu' (proj1 Hmu) Hs)).
  assert (Hkeep := step_keeps_bound i mu mu' Hi Hmu Hs Hb).
  destruct (Rlt_or_le (mu' i) (r * best i)) as [|Hge]; [assumption|]. exfalso.
  assert (mu' i = r * best i) as E by (apply Rle_antisym; [apply Hkeep|exact Hge]).
  destruct (bound_is_balanced i Hi) as [Hz _]. pose (z := fun k => log_of best k + ln r). fold z in Hz.
  destruct (balances_step P i mu mu' Hs) as [Hk Hbal].
  assert (input P z i - output P z i < input P (log_of mu') i - output P (log_of mu') i); [|lra].
  apply (joined_strict P (log_of mu') z i j); auto.
  - unfold z, log_of. rewrite E, Rmult_comm, ln_mult; [reflexivity|apply Hbest|lra].
  - rewrite Hk by exact Hne. apply (log_bound mu j); [apply Hmu|exact Hj].
  - intros k _. apply (log_bound mu' k); auto.
Qed.

End Bound.

Theorem fair_orders : forall P best r,
  well_formed P -> homogeneous P -> all_grounded P -> balanced P best -> 1 <= r ->
  let bounded mu := forall k, mu k <= r * best k in
  (forall i mu mu', In i (hidden P) -> multipliers P mu -> balances P i mu mu' -> bounded mu -> bounded mu') /\
  (forall i j mu mu', In i (hidden P) -> multipliers P mu -> balances P i mu mu' -> bounded mu ->
     j <> i -> joined P i j -> mu j < r * best j \/ (~ In j (hidden P) /\ 1 < r) -> mu' i < r * best i) /\
  (forall D order mu passes,
     (forall t, In (order t) (hidden P)) -> multipliers P (mu O) -> (forall t, balances P (order t) (mu t) (mu (S t))) ->
     (forall i, In i (hidden P) -> distance P D i) ->
     passes O = O -> (forall n, (n < D)%nat -> pass P order (passes n) (passes (S n))) ->
     1 < r -> bounded (mu O) ->
     exists r', 1 <= r' < r /\ forall t, (passes D <= t)%nat -> forall k, mu t k <= r' * best k).
Proof.
  intros P best r Hwf Hhom Hg Hbest Hr bounded. split; [|split].
  - intros i mu mu' Hi Hmu Hs Hb. exact (step_keeps_bound P best r Hwf Hhom Hg Hbest Hr i mu mu' Hi Hmu Hs Hb).
  - intros i j mu mu' Hi Hmu Hs Hb Hne Hjoin Hj.
    apply (step_strict P best r Hwf Hhom Hg Hbest Hr i j mu mu'); auto.
    destruct Hj as [Hj|[Hj H1]]; [exact Hj|].
    destruct Hmu as [_ Hone]. destruct Hbest as [[_ Hone'] _]. rewrite (Hone j Hj), (Hone' j Hj). lra.
  - intros D order mu passes Horder Hstart Hstep Hdist H0 Hpass H1 Hb.
    assert (forall t, multipliers P (mu t) /\ bounded (mu t)) as Hall.
    { induction t as [|t [IHm IHb]]; [auto|]. split.
      - apply (balances_multipliers P (order t) (mu t)); auto.
      - exact (step_keeps_bound P best r Hwf Hhom Hg Hbest Hr (order t) _ _ (Horder t) IHm (Hstep t) IHb). }
    assert (forall n i, distance P n i -> (n <= D)%nat -> forall t, (passes n <= t)%nat -> mu t i < r * best i) as Hbelow.
    { intros n i H. induction H as [n i Hi|n i j Hjoin _ IH]; intros Hn t Ht.
      - destruct (Hall t) as [[_ Hone] _]. destruct Hbest as [[_ Hone'] _]. rewrite (Hone i Hi), (Hone' i Hi). lra.
      - specialize (IH ltac:(lia)). destruct (Hpass n ltac:(lia)) as [Hle Hvisit].
        destruct (Nat.eq_dec j i) as [->|Hne]; [apply IH; lia|].
        destruct (in_dec Nat.eq_dec i (hidden P)) as [Hi|Hi].
        2:{ destruct (Hall t) as [[_ Hone] _]. destruct Hbest as [[_ Hone'] _]. rewrite (Hone i Hi), (Hone' i Hi). lra. }
        assert (forall s, (passes n <= s)%nat -> order s = i -> mu (S s) i < r * best i) as Hafter.
        { intros s Hs E. destruct (Hall s) as [Hm Hbs]. specialize (Hstep s). rewrite E in Hstep.
          apply (step_strict P best r Hwf Hhom Hg Hbest Hr i j (mu s)); auto. }
        destruct (Hvisit i Hi) as (s & Hs & E).
        assert (S s <= t)%nat as Hst by lia. clear Ht.
        induction Hst as [|t Hst IHt]; [apply Hafter; [lia|exact E]|].
        destruct (Nat.eq_dec (order t) i) as [E'|E']; [apply Hafter; [lia|exact E']|].
        destruct (Hstep t) as (Hk & _). rewrite Hk by auto. exact IHt. }
    assert (exists r', 1 <= r' < r /\ forall k, In k (hidden P) -> mu (passes D) k <= r' * best k) as (r' & Hr' & Hmax).
    { assert (forall k, In k (hidden P) -> mu (passes D) k < r * best k) as Hlt by (intros k Hk; apply (Hbelow D); auto).
      clear - Hlt H1 Hbest. induction (hidden P) as [|k l IH] in Hlt |- *.
      - exists 1. split; [lra|intros k []].
      - destruct IH as (r' & Hr' & Hl); [auto with datatypes|].
        assert (0 < best k) as Hbk by apply Hbest.
        assert (mu (passes D) k / best k < r) as Hk.
        { apply Rmult_lt_reg_r with (best k); [exact Hbk|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
          rewrite Rmult_1_r. apply Hlt. left. reflexivity. }
        exists (Rmax r' (mu (passes D) k / best k)).
        assert (Ha := Rmax_l r' (mu (passes D) k / best k)). assert (Hb' := Rmax_r r' (mu (passes D) k / best k)).
        split; [split; [lra|apply Rmax_lub_lt; lra]|].
        intros m Hm. assert (0 < best m) as Hbm by apply Hbest. destruct Hm as [<-|Hm].
        + replace (mu (passes D) k) with (mu (passes D) k / best k * best k) at 1 by (field; lra).
          apply Rmult_le_compat_r; lra.
        + apply Rle_trans with (r' * best m); [apply Hl; exact Hm|]. apply Rmult_le_compat_r; lra. }
    exists r'. split; [exact Hr'|].
    assert (forall k, mu (passes D) k <= r' * best k) as Hall'.
    { intros k. destruct (in_dec Nat.eq_dec k (hidden P)) as [Hk|Hk]; [auto|].
      destruct (Hall (passes D)) as [[_ Hone] _]. destruct Hbest as [[_ Hone'] _]. rewrite (Hone k Hk), (Hone' k Hk). lra. }
    intros t Ht. induction Ht as [|t Ht IHt]; [exact Hall'|].
    apply (step_keeps_bound P best r' Hwf Hhom Hg Hbest (proj1 Hr') (order t) (mu t)); auto. apply Hall.
Qed.

(** Random orders *)

(* All sequences of n units of the list. *)
Fixpoint sequences (units : list nat) (n : nat) : list (list nat) :=
  match n with
  | O => [[]]
  | S n => flat_map (fun u => map (cons u) (sequences units n)) units
  end.

Definition omits (u : nat) (l : list nat) : bool := negb (existsb (Nat.eqb u) l).
Definition omits_some (units l : list nat) : bool := existsb (fun u => omits u l) units.

Lemma length_of_sequences : forall units n, length (sequences units n) = (length units ^ n)%nat.
Proof.
  intros units n. induction n as [|n IH]; [reflexivity|]. simpl.
  assert (H : forall l, length (flat_map (fun u => map (cons u) (sequences units n)) l) = (length l * length units ^ n)%nat).
  { induction l as [|u l IHl]; [reflexivity|]. simpl. rewrite app_length, map_length, IH, IHl. reflexivity. }
  apply H.
Qed.

Lemma filter_flat_map : forall (p : list nat -> bool) (f : nat -> list (list nat)) l,
  filter p (flat_map f l) = flat_map (fun u => filter p (f u)) l.
Proof. intros p f l. induction l as [|u l IH]; [reflexivity|]. simpl. rewrite filter_app, IH. reflexivity. Qed.

Lemma sequences_without : forall units u n, NoDup units -> In u units ->
  length (filter (omits u) (sequences units n)) = (pred (length units) ^ n)%nat.
Proof.
  intros units u n Hn Hu. induction n as [|n IH]; [reflexivity|]. simpl sequences. rewrite filter_flat_map.
  assert (Hhead : forall v, filter (omits u) (map (cons v) (sequences units n)) =
    if (u =? v)%nat then [] else map (cons v) (filter (omits u) (sequences units n))).
  { intros v. clear IH. induction (sequences units n) as [|l ls IHl]; [destruct (u =? v)%nat; reflexivity|].
    assert (E : omits u (v :: l) = (negb (u =? v)%nat && omits u l)%bool) by (unfold omits; simpl; destruct (u =? v)%nat; reflexivity).
    simpl map. cbn [filter]. rewrite E, IHl. destruct (u =? v)%nat, (omits u l); reflexivity. }
  assert (Hsum : forall l, length (flat_map (fun v => filter (omits u) (map (cons v) (sequences units n))) l) =
    (length (filter (fun v => negb (u =? v)%nat) l) * pred (length units) ^ n)%nat).
  { induction l as [|v l IHl]; [reflexivity|]. simpl. rewrite app_length, IHl, Hhead.
    destruct (u =? v)%nat; simpl; [reflexivity|]. rewrite map_length, IH. reflexivity. }
  rewrite Hsum. simpl. f_equal.
  assert (Hcount : forall l, NoDup l -> length (filter (fun v => negb (u =? v)%nat) l) = if in_dec Nat.eq_dec u l then pred (length l) else length l).
  { clear. induction l as [|v l IHl]; intros Hn; [reflexivity|]. inversion Hn as [|? ? Hv Hl]; subst. simpl filter. specialize (IHl Hl).
    destruct (Nat.eqb_spec u v) as [->|Hne]; simpl negb; cbv iota.
    - rewrite IHl. destruct (in_dec Nat.eq_dec v l); [contradiction|]. destruct (in_dec Nat.eq_dec v (v :: l)) as [_|Hno]; [reflexivity|].
      exfalso. apply Hno. left. reflexivity.
    - simpl length. rewrite IHl. destruct (in_dec Nat.eq_dec u l) as [Hin|Hno], (in_dec Nat.eq_dec u (v :: l)) as [Hin'|Hno'].
      + destruct l; [contradiction|reflexivity].
      + exfalso. apply Hno'. right. exact Hin.
      + exfalso. destruct Hin' as [E|E]; [apply Hne; now symmetry|contradiction].
      + reflexivity. }
  rewrite (Hcount units Hn). destruct (in_dec Nat.eq_dec u units); [reflexivity|contradiction].
Qed.

(* Of the N^n sequences of n units, N of them, at most N (N-1)^n omit a unit: their share tends to 0. *)
Theorem few_orders_omit_a_unit : forall units, NoDup units -> units <> [] ->
  let N := length units in
  (forall n, length (sequences units n) = (N ^ n)%nat /\
     (length (filter (omits_some units) (sequences units n)) <= N * pred N ^ n)%nat) /\
  Un_cv (fun n => INR (length (filter (omits_some units) (sequences units n))) / INR (length (sequences units n))) 0.
Proof.
  intros units Hn Hne N.
  assert (HN : (0 < N)%nat) by (unfold N; destruct units; [congruence|simpl; lia]).
  assert (Hcount : forall n, (length (filter (omits_some units) (sequences units n)) <= N * pred N ^ n)%nat).
  { intros n.
    assert (H : forall l, incl l units -> (length (filter (omits_some l) (sequences units n)) <= length l * pred N ^ n)%nat).
    { induction l as [|u l IH]; intros Hl.
      - assert (E : filter (omits_some []) (sequences units n) = []); [|rewrite E; simpl; lia].
        clear. induction (sequences units n) as [|s ss IHs]; [reflexivity|exact IHs].
      - assert (A := sequences_without units u n Hn (Hl u (or_introl eq_refl))). specialize (IH (fun v Hv => Hl v (or_intror Hv))).
        assert (B : forall ss, (length (filter (omits_some (u :: l)) ss) <= length (filter (omits u) ss) + length (filter (omits_some l) ss))%nat).
        { clear. induction ss as [|s ss IHs]; [simpl; lia|]. cbn [filter].
          change (omits_some (u :: l) s) with (omits u s || omits_some l s)%bool.
          destruct (omits u s), (omits_some l s); cbn [length orb]; lia. }
        specialize (B (sequences units n)). simpl length. fold N in A. lia. }
    apply (H units). apply incl_refl. }
  split; [intros n; split; [apply length_of_sequences|apply Hcount]|].
  intros e He. assert (HNR : 1 <= INR N) by (apply (le_INR 1); exact HN).
  set (q := INR (pred N) / INR N). assert (Hp : INR (pred N) = INR N - 1).
  { destruct N as [|k]; [lia|]. rewrite S_INR. simpl pred. ring. }
  assert (Hq : 0 <= q < 1).
  { unfold q. rewrite Hp. split; [apply Rle_mult_inv_pos; lra|]. apply (Rmult_lt_reg_r (INR N)); [lra|].
    unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  destruct (pow_lt_1_zero q) with (y := e / INR N) as (M & HM); [rewrite Rabs_right; lra|apply Rdiv_lt_0_compat; lra|].
  exists M. intros n Hle. specialize (HM n Hle). rewrite Rabs_right in HM by (apply Rle_ge, pow_le; lra).
  unfold R_dist. rewrite Rminus_0_r, length_of_sequences. fold N. rewrite pow_INR.
  assert (Hpos : 0 < INR N ^ n) by (apply pow_lt; lra).
  rewrite Rabs_right by (apply Rle_ge, Rle_mult_inv_pos; [apply pos_INR|exact Hpos]).
  assert (Hc := le_INR _ _ (Hcount n)). rewrite mult_INR, pow_INR in Hc.
  apply Rle_lt_trans with (INR N * q ^ n).
  - apply (Rmult_le_reg_r (INR N ^ n)); [exact Hpos|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    apply Rle_trans with (1 := Hc). right. rewrite Rmult_assoc, <- Rpow_mult_distr. do 2 f_equal. unfold q. field. lra.
  - apply (Rmult_lt_compat_l (INR N)) in HM; [|lra]. replace (INR N * (e / INR N)) with e in HM by (field; lra). exact HM.
Qed.

(** The rate *)

Lemma plain_sides : forall P mu i, plain P -> (forall k, 0 < mu k) ->
  let a := sum_over (terms P) (fun e => if enters i e then cost e / mu (source e) else 0) in
  let b := sum_over (terms P) (fun e => if leaves i e then cost e * mu (target e) else 0) in
  input_cost P mu i = mu i * a /\ output_cost P mu i = b / mu i.
Proof.
  intros P mu i Hp Hpos a b. rewrite plain_input_cost, plain_output_cost by assumption. split.
  - unfold a. rewrite <- sum_over_scale. apply sum_over_ext. intros e _.
    destruct (enters i e) eqn:E; [|ring]. apply enters_true in E. destruct E as (-> & _). unfold Rdiv. ring.
  - replace (b / mu i) with (/ mu i * b) by (unfold Rdiv; ring). unfold b. rewrite <- sum_over_scale. apply sum_over_ext. intros e _.
    destruct (leaves i e) eqn:E; [|ring]. apply leaves_true in E. destruct E as (-> & _). unfold Rdiv. ring.
Qed.

(* What remains of a bound when one neighbour keeps to the part f of it and its synapse has at least the given share of the unit's cost. *)
Definition remains (share f : R) : R := sqrt (1 - share * (1 - f)).

Lemma remains_range : forall share f, 0 < share <= 1 -> 0 < f < 1 -> 0 < remains share f < 1.
Proof.
  intros share f Hs Hf. unfold remains. assert (0 < 1 - share * (1 - f) < 1) by nra. split; [apply sqrt_lt_R0; lra|].
  assert (T : sqrt (1 - share * (1 - f)) < sqrt 1) by (apply sqrt_lt_1; lra). rewrite sqrt_1 in T. exact T.
Qed.

Lemma step_contracts : forall P best r share f i j mu mu',
  plain P -> well_formed P -> balanced P best -> 1 <= r -> 0 < share <= 1 -> 0 < f < 1 ->
  In i (hidden P) -> multipliers P mu -> balances P i mu mu' -> (forall k, mu k <= r * best k) ->
  j <> i -> mu j <= r * f * best j ->
  (exists e, In e (terms P) /\ share * input_cost P best i <= cost_at best e /\ 0 < cost e /\
     ((source e = i /\ target e = j) \/ (source e = j /\ target e = i))) ->
  mu' i <= r * remains share f * best i.
Proof.
  intros P best r share f i j mu mu' Hp Hwf Hbest Hr Hs Hf Hi Hmu (Hk & Hpos' & Hbal) Hb Hne Hj (e0 & He0 & Hshare & Hc0 & Hends).
  assert (Pb : forall k, 0 < best k) by apply Hbest. assert (Pm : forall k, 0 < mu k) by apply Hmu.
  assert (Pm' : forall k, 0 < mu' k) by (intros k; destruct (Nat.eq_dec k i) as [->|H]; [exact Hpos'|rewrite Hk by exact H; apply Pm]).
  destruct (plain_sides P best i Hp Pb) as (EA & EB). destruct (plain_sides P mu' i Hp Pm') as (EA' & EB').
  set (a := sum_over (terms P) (fun e => if enters i e then cost e / best (source e) else 0)) in *.
  set (b := sum_over (terms P) (fun e => if leaves i e then cost e * best (target e) else 0)) in *.
  set (a' := sum_over (terms P) (fun e => if enters i e then cost e / mu' (source e) else 0)) in *.
  set (b' := sum_over (terms P) (fun e => if leaves i e then cost e * mu' (target e) else 0)) in *.
  assert (Hbb := proj2 Hbest i Hi). rewrite EA, EB in Hbb. rewrite EA in Hshare. rewrite EA', EB' in Hbal.
  rewrite (plain_cost_at P best e0 Hp Pb He0) in Hshare.
  assert (P1 := Pb i). assert (P2 := Pm' i). assert (P3 := Pb j). assert (P4 := Pm j).
  assert (Hc : forall e, In e (terms P) -> 0 <= cost e) by (intros e He; apply (proj2 Hwf e He)).
  assert (Hsame : forall k, k <> i -> mu' k <= r * best k) by (intros k H; rewrite Hk by exact H; apply Hb).
  (* a' >= a / r and b' <= r b, with the neighbour's part *)
  assert (Hinv : forall k, k <> i -> / (r * best k) <= / mu' k) by (intros k H; apply Rinv_le_contravar; [apply Pm'|apply Hsame; exact H]).
  assert (Ha0 : a / r <= a').
  { unfold Rdiv. rewrite Rmult_comm. unfold a, a'. rewrite <- sum_over_scale. apply sum_over_le. intros e He. destruct (enters i e) eqn:E; [|lra].
    apply enters_true in E. specialize (Hinv (source e) (proj2 E)). specialize (Hc e He). unfold Rdiv.
    replace (/ r * (cost e * / best (source e))) with (cost e * / (r * best (source e))) by (field; split; apply Rgt_not_eq; [apply Pb|lra]).
    apply Rmult_le_compat_l; assumption. }
  assert (Hb0 : b' <= r * b).
  { unfold b, b'. rewrite <- sum_over_scale. apply sum_over_le. intros e He. destruct (leaves i e) eqn:E; [|lra].
    apply leaves_true in E. specialize (Hsame (target e) (proj2 E)). specialize (Hc e He).
    replace (r * (cost e * best (target e))) with (cost e * (r * best (target e))) by ring. apply Rmult_le_compat_l; assumption. }
  assert (Hsquare : mu' i * mu' i * a' = b').
  { apply (Rmult_eq_compat_l (mu' i)) in Hbal. replace (mu' i * (b' / mu' i)) with b' in Hbal by (field; lra). rewrite <- Hbal. ring. }
  assert (Hsquare0 : best i * best i * a = b).
  { apply (Rmult_eq_compat_l (best i)) in Hbb. replace (best i * (b / best i)) with b in Hbb by (field; lra). rewrite <- Hbb. ring. }
  assert (Ha : 0 <= a).
  { apply sum_over_nonneg. intros e He. destruct (enters i e); [|lra]. apply Rle_mult_inv_pos; [apply Hc; exact He|apply Pb]. }
  set (k := 1 - share * (1 - f)). assert (Hk01 : 0 < k < 1) by (unfold k; nra).
  assert (Hgoal : mu' i * mu' i <= r * r * k * (best i * best i)).
  { assert (Hrr : 0 < r * r) by nra. assert (Hbi : 0 < best i * best i) by nra. destruct Hends as [(E1 & E2)|(E1 & E2)]; rewrite E1, E2 in Hshare.
    - (* out of i *)
      assert (Hpart : share * b <= cost e0 * best j).
      { apply (Rmult_le_compat_r (best i)) in Hshare; [|lra]. replace (cost e0 * best j / best i * best i) with (cost e0 * best j) in Hshare by (field; lra).
        rewrite <- Hsquare0. lra. }
      assert (Hb1 : b' <= r * b - r * (1 - f) * (cost e0 * best j)).
      { enough (r * (1 - f) * (cost e0 * best j) <= r * b - b') by lra. unfold b, b'. rewrite <- sum_over_scale, <- sum_over_minus.
        apply Rle_trans with (r * (if leaves i e0 then cost e0 * best (target e0) else 0) - (if leaves i e0 then cost e0 * mu' (target e0) else 0)).
        - assert (leaves i e0 = true) as -> by (apply leaves_true; split; congruence). rewrite E2, (Hk j Hne). assert (cost e0 * mu j <= cost e0 * (r * f * best j)) by (apply Rmult_le_compat_l; lra). lra.
        - apply (sum_over_member (terms P) (fun e => r * (if leaves i e then cost e * best (target e) else 0) - (if leaves i e then cost e * mu' (target e) else 0))); [|exact He0].
          intros e He. destruct (leaves i e) eqn:E; [|lra]. apply leaves_true in E. specialize (Hsame (target e) (proj2 E)). specialize (Hc e He).
          assert (cost e * mu' (target e) <= cost e * (r * best (target e))) by (apply Rmult_le_compat_l; assumption). lra. }
      assert (Hb2 : b' <= r * k * b).
      { apply Rle_trans with (1 := Hb1). unfold k. assert (r * (1 - f) * (share * b) <= r * (1 - f) * (cost e0 * best j)) by (apply Rmult_le_compat_l; nra). lra. }
      assert (Hbpos : 0 < b).
      { assert (0 < cost e0 * best j) by (apply Rmult_lt_0_compat; assumption). unfold b.
        apply Rlt_le_trans with (if leaves i e0 then cost e0 * best (target e0) else 0).
        - assert (leaves i e0 = true) as -> by (apply leaves_true; split; congruence). rewrite E2. exact H.
        - apply (sum_over_member (terms P) (fun e => if leaves i e then cost e * best (target e) else 0)); [|exact He0].
          intros e He. destruct (leaves i e); [|lra]. apply Rmult_le_pos; [apply Hc; exact He|left; apply Pb]. }
      assert (Hapos : 0 < a) by (apply (Rmult_lt_reg_l (best i * best i)); [exact Hbi|rewrite Hsquare0; lra]).
      apply (Rmult_le_reg_r (a / r)); [apply Rdiv_lt_0_compat; lra|].
      apply Rle_trans with (mu' i * mu' i * a'); [apply Rmult_le_compat_l; [nra|exact Ha0]|]. rewrite Hsquare.
      replace (r * r * k * (best i * best i) * (a / r)) with (r * k * (best i * best i * a)) by (field; lra). rewrite Hsquare0. exact Hb2.
    - (* into i *)
      assert (Hpart : share * a <= cost e0 / best j).
      { apply (Rmult_le_reg_l (best i)); [exact P1|]. replace (best i * (cost e0 / best j)) with (cost e0 * best i / best j) by (field; lra). lra. }
      assert (Hterm : 0 < cost e0 / best j) by (apply Rdiv_lt_0_compat; assumption).
      assert (Ha1 : a / r + (/ f - 1) / r * (cost e0 / best j) <= a').
      { enough ((/ f - 1) / r * (cost e0 / best j) <= a' - a / r) by lra. replace (a / r) with (/ r * a) by (unfold Rdiv; ring). unfold a, a'. rewrite <- sum_over_scale, <- sum_over_minus.
        apply Rle_trans with ((if enters i e0 then cost e0 / mu' (source e0) else 0) - / r * (if enters i e0 then cost e0 / best (source e0) else 0)).
        - assert (enters i e0 = true) as -> by (apply enters_true; split; congruence). rewrite E1, (Hk j Hne).
          assert (Hi2 : / (r * f * best j) <= / mu j) by (apply Rinv_le_contravar; assumption).
          apply (Rmult_le_compat_l (cost e0)) in Hi2; [|lra]. unfold Rdiv.
          replace ((/ f - 1) * / r * (cost e0 * / best j)) with (cost e0 * / (r * f * best j) - / r * (cost e0 * / best j)) by (field; lra). lra.
        - apply (sum_over_member (terms P) (fun e => (if enters i e then cost e / mu' (source e) else 0) - / r * (if enters i e then cost e / best (source e) else 0))); [|exact He0].
          intros e He. destruct (enters i e) eqn:E; [|lra]. apply enters_true in E. specialize (Hinv (source e) (proj2 E)). specialize (Hc e He). unfold Rdiv.
          apply (Rmult_le_compat_l (cost e)) in Hinv; [|exact Hc].
          replace (/ r * (cost e * / best (source e))) with (cost e * / (r * best (source e))) by (field; split; apply Rgt_not_eq; [apply Pb|lra]). lra. }
      assert (Hapos : 0 < a).
      { apply Rlt_le_trans with (if enters i e0 then cost e0 / best (source e0) else 0).
        - assert (enters i e0 = true) as -> by (apply enters_true; split; congruence). rewrite E1. exact Hterm.
        - apply (sum_over_member (terms P) (fun e => if enters i e then cost e / best (source e) else 0)); [|exact He0].
          intros e He. destruct (enters i e); [|lra]. apply Rle_mult_inv_pos; [apply Hc; exact He|apply Pb]. }
      assert (Hif : 1 < / f) by (rewrite <- Rinv_1; apply Rinv_lt_contravar; lra).
      set (g := 1 + share * (/ f - 1)). assert (Hg : 0 < g) by (unfold g; nra).
      assert (Ha2 : a / r * g <= a').
      { apply Rle_trans with (2 := Ha1). unfold g.
        assert ((/ f - 1) / r * (share * a) <= (/ f - 1) / r * (cost e0 / best j)).
        { apply Rmult_le_compat_l; [|exact Hpart]. apply Rle_mult_inv_pos; lra. }
        replace (a / r * (1 + share * (/ f - 1))) with (a / r + (/ f - 1) / r * (share * a)) by (field; lra). lra. }
      assert (Hkg : 1 <= k * g).
      { unfold k, g. replace ((1 - share * (1 - f)) * (1 + share * (/ f - 1))) with (1 + share * (1 - share) * ((1 - f) * (/ f - 1))) by (field; lra).
        assert (0 <= share * (1 - share)) by nra. assert (0 <= (1 - f) * (/ f - 1)) by (apply Rmult_le_pos; lra). nra. }
      apply (Rmult_le_reg_r (a / r * g)); [apply Rmult_lt_0_compat; [apply Rdiv_lt_0_compat; lra|exact Hg]|].
      apply Rle_trans with (mu' i * mu' i * a'); [apply Rmult_le_compat_l; [nra|exact Ha2]|]. rewrite Hsquare.
      replace (r * r * k * (best i * best i) * (a / r * g)) with (r * (k * g) * (best i * best i * a)) by (field; lra). rewrite Hsquare0.
      apply Rle_trans with (1 := Hb0). rewrite Rmult_assoc. apply Rmult_le_compat_l; [lra|].
      assert (0 <= b) by (rewrite <- Hsquare0; nra). nra. }
  apply Rsqr_incr_0; [|lra|].
  - unfold Rsqr. apply Rle_trans with (1 := Hgoal). right. unfold remains. fold k.
    replace (r * sqrt k * best i * (r * sqrt k * best i)) with (r * r * (sqrt k * sqrt k) * (best i * best i)) by ring. rewrite sqrt_sqrt by lra. reflexivity.
  - unfold remains. fold k. apply Rmult_le_pos; [apply Rmult_le_pos; [lra|apply sqrt_pos]|lra].
Qed.

(* The factor after n passes: at the ground 1/r, and one step away what remains. *)
Fixpoint factor (r share : R) (n : nat) : R := match n with O => / r | S n => remains share (factor r share n) end.

(* The contraction of the largest ratio r by an explicit factor: after D passes it is at most r times factor r share D, which is below 1. Every
   non-zero synapse has at least the given share of the cost of its unit in balance. Smallest ratios rise alike, the network being reversed. *)
Theorem contraction : forall P best r share,
  plain P -> well_formed P -> balanced P best -> 1 < r -> 0 < share <= 1 ->
  (forall i e, In i (hidden P) -> In e (terms P) -> 0 < cost e -> enters i e = true \/ leaves i e = true ->
     share * input_cost P best i <= cost_at best e) ->
  forall D order mu passes,
    (forall t, In (order t) (hidden P)) -> multipliers P (mu O) -> (forall t, balances P (order t) (mu t) (mu (S t))) ->
    all_grounded P -> (forall i, In i (hidden P) -> distance P D i) ->
    passes O = O -> (forall n, (n < D)%nat -> pass P order (passes n) (passes (S n))) ->
    (forall k, mu O k <= r * best k) ->
    0 < factor r share D < 1 /\
    forall t, (passes D <= t)%nat -> forall k, mu t k <= r * factor r share D * best k.
Proof.
  intros P best r share Hp Hwf Hbest Hr Hs Hshare D order mu passes Horder Hstart Hstep Hg Hdist H0 Hpass Hb.
  assert (Hhom := plain_homogeneous P Hp). assert (Pb : forall k, 0 < best k) by apply Hbest.
  assert (forall t, multipliers P (mu t) /\ forall k, mu t k <= r * best k) as Hall.
  { induction t as [|t [IHm IHb]]; [auto|]. split.
    - apply (balances_multipliers P (order t) (mu t)); auto.
    - apply (step_keeps_bound P best r Hwf Hhom Hg Hbest ltac:(lra) (order t) (mu t) (mu (S t)) (Horder t) IHm (Hstep t) IHb). }
  assert (Hrange : forall n, 0 < factor r share n < 1).
  { induction n as [|n IH]; simpl; [|apply remains_range; assumption].
    split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_lt_contravar; lra. }
  assert (Hgrow : forall n, factor r share n <= factor r share (S n)).
  { intros n. simpl. specialize (Hrange n). set (f := factor r share n) in *. unfold remains.
    apply Rsqr_incr_0; [|lra|apply sqrt_pos]. unfold Rsqr. rewrite sqrt_sqrt; [nra|]. nra. }
  assert (Hgrow_le : forall n m, (n <= m)%nat -> factor r share n <= factor r share m).
  { intros n m H. induction H as [|m H IH]; [lra|]. apply Rle_trans with (1 := IH). apply Hgrow. }
  assert (Hone : forall t k n, ~ In k (hidden P) -> mu t k <= r * factor r share n * best k).
  { intros t k n Hk. rewrite (proj2 (proj1 (Hall t)) k Hk), (proj2 (proj1 Hbest) k Hk), Rmult_1_r.
    apply Rle_trans with (r * / r); [right; field; lra|]. apply Rmult_le_compat_l; [lra|]. apply (Hgrow_le O n). lia. }
  split; [apply Hrange|].
  assert (forall n i, distance P n i -> (n <= D)%nat -> forall t, (passes n <= t)%nat -> mu t i <= r * factor r share n * best i) as Hbelow.
  { intros n i H. induction H as [n i Hi|n i j Hjoin _ IH]; intros Hn t Ht; [apply Hone; exact Hi|].
    specialize (IH ltac:(lia)). destruct (Hpass n ltac:(lia)) as [Hle Hvisit].
    destruct (in_dec Nat.eq_dec i (hidden P)) as [Hi|Hi]; [|apply Hone; exact Hi].
    destruct (Nat.eq_dec j i) as [->|Hne].
    { apply Rle_trans with (r * factor r share n * best i); [apply IH; lia|]. apply Rmult_le_compat_r; [left; apply Pb|].
      apply Rmult_le_compat_l; [lra|apply Hgrow]. }
    assert (forall s, (passes n <= s)%nat -> order s = i -> mu (S s) i <= r * factor r share (S n) * best i) as Hafter.
    { intros s Hs' E. destruct (Hall s) as [Hm Hbs]. specialize (Hstep s). rewrite E in Hstep.
      apply (step_contracts P best r share (factor r share n) i j (mu s) (mu (S s)));
        try assumption; try lra; try apply Hrange; [apply IH; exact Hs'|].
      destruct Hjoin as (e & He & Hc & Hends). exists e. split; [exact He|]. split; [|auto]. apply Hshare; auto.
      destruct Hends as [(E1 & E2)|(E1 & E2)]; [right; apply leaves_true|left; apply enters_true]; split; congruence. }
    destruct (Hvisit i Hi) as (s & Hs' & E).
    assert (S s <= t)%nat as Hst by lia. clear Ht.
    induction Hst as [|t Hst IHt]; [apply Hafter; [lia|exact E]|].
    destruct (Nat.eq_dec (order t) i) as [E'|E']; [apply Hafter; [lia|exact E']|].
    destruct (Hstep t) as (Hk & _). rewrite Hk by auto. exact IHt. }
  intros t Ht k. destruct (in_dec Nat.eq_dec k (hidden P)) as [Hk|Hk]; [|apply Hone; exact Hk].
  apply (Hbelow D); auto.
Qed.

(** A rate that holds from the start *)

Lemma factor_is_small : forall r share n, 1 < r -> 0 < share <= 1 ->
  0 < factor r share n < 1 /\ (share / 2) ^ n * (1 - / r) <= 1 - factor r share n.
Proof.
  intros r share n Hr Hs. assert (Hinv : 0 < / r < 1).
  { split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_lt_contravar; lra. }
  induction n as [|n [IHr IH]]; simpl; [split; [exact Hinv|lra]|]. split; [apply remains_range; assumption|].
  set (x := share * (1 - factor r share n)) in *. assert (0 <= x <= 1) as Hx by (unfold x; nra).
  assert (sqrt (1 - x) <= 1 - x / 2).
  { apply Rsqr_incr_0; [|apply sqrt_pos|lra]. unfold Rsqr. rewrite sqrt_sqrt by lra. nra. }
  unfold remains. fold x. replace (share / 2 * (share / 2) ^ n * (1 - / r)) with (share / 2 * ((share / 2) ^ n * (1 - / r))) by ring.
  assert (share / 2 * ((share / 2) ^ n * (1 - / r)) <= share / 2 * (1 - factor r share n)); [apply Rmult_le_compat_l; lra|].
  unfold x in *. lra.
Qed.

Definition passes_on (P : problem) (order : nat -> nat) (passes : nat -> nat) : Prop :=
  passes O = O /\ forall n, pass P order (passes n) (passes (S n)).

Definition has_share (P : problem) (best : nat -> R) (share : R) : Prop :=
  forall i e, In i (hidden P) -> In e (terms P) -> 0 < cost e -> enters i e = true \/ leaves i e = true ->
    share * input_cost P best i <= cost_at best e.

(* The part of the excess that D passes leave at most. *)
Definition rate (share : R) (D : nat) : R := 1 - (share / 2) ^ D.

Lemma rate_range : forall share D, 0 < share <= 1 -> (0 < D)%nat -> 0 < rate share D < 1.
Proof.
  intros share D Hs HD. unfold rate. assert (0 < (share / 2) ^ D) by (apply pow_lt; lra).
  assert ((share / 2) ^ D < 1) by (apply pow_lt_1_compat; [lra|exact HD]). lra.
Qed.

Lemma rate_from_above : forall P best r share,
  plain P -> well_formed P -> balanced P best -> 1 < r -> 0 < share <= 1 -> has_share P best share ->
  forall D order mu passes,
    (forall t, In (order t) (hidden P)) -> multipliers P (mu O) -> (forall t, balances P (order t) (mu t) (mu (S t))) ->
    all_grounded P -> (0 < D)%nat -> (forall i, In i (hidden P) -> distance P D i) -> passes_on P order passes ->
    (forall k, mu O k <= r * best k) ->
    forall m t, (passes (m * D)%nat <= t)%nat -> forall k, mu t k <= (1 + rate share D ^ m * (r - 1)) * best k.
Proof.
  intros P best r share Hp Hwf Hbest Hr Hs Hshare D order mu passes Horder Hstart Hstep Hg HD Hdist [H0 Hpass] Hb.
  assert (Hhom := plain_homogeneous P Hp). assert (Hq := rate_range share D Hs HD).
  assert (Hall : forall t, multipliers P (mu t) /\ forall k, mu t k <= r * best k).
  { induction t as [|t [IHm IHb]]; [auto|]. split.
    - apply (balances_multipliers P (order t) (mu t)); auto.
    - apply (step_keeps_bound P best r Hwf Hhom Hg Hbest ltac:(lra) (order t) (mu t) (mu (S t)) (Horder t) IHm (Hstep t) IHb). }
  induction m as [|m IH]; intros t Ht k.
  - simpl. replace (1 + 1 * (r - 1)) with r by ring. apply Hall.
  - assert (Hmono : forall n k, (passes n <= passes (n + k))%nat).
    { intros n j. induction j as [|j IHj]; [rewrite Nat.add_0_r; lia|]. rewrite Nat.add_succ_r.
      assert (H := proj1 (Hpass (n + j)%nat)). lia. }
    set (T := passes (m * D)%nat) in *. set (r' := 1 + rate share D ^ m * (r - 1)) in *.
    assert (Hr' : 1 < r') by (unfold r'; assert (0 < rate share D ^ m) by (apply pow_lt; lra); nra).
    destruct (contraction P best r' share Hp Hwf Hbest Hr' Hs Hshare D (fun t => order (T + t)%nat) (fun t => mu (T + t)%nat)
      (fun n => (passes (m * D + n) - T)%nat)) as [_ H].
    + intros s. apply Horder.
    + apply Hall.
    + intros s. rewrite Nat.add_succ_r. apply Hstep.
    + exact Hg.
    + exact Hdist.
    + rewrite Nat.add_0_r. unfold T. lia.
    + intros n _. assert (H1 := Hmono (m * D)%nat n). fold T in H1. rewrite Nat.add_succ_r.
      destruct (Hpass (m * D + n)%nat) as [H2 H3]. split; [lia|]. intros i Hi. destruct (H3 i Hi) as (s & Hs1 & Hs2).
      exists (s - T)%nat. split; [lia|]. replace (T + (s - T))%nat with s by lia. exact Hs2.
    + intros j. rewrite Nat.add_0_r. apply IH. lia.
    + assert (E : (S m * D = m * D + D)%nat) by (simpl; lia). rewrite E in Ht. assert (H1 := Hmono (m * D)%nat D). fold T in H1.
      specialize (H (t - T)%nat ltac:(lia) k). cbv beta in H. replace (T + (t - T))%nat with t in H by lia.
      apply Rle_trans with (1 := H). apply Rmult_le_compat_r; [left; apply Hbest|].
      destruct (factor_is_small r' share D Hr' Hs) as [_ Hf].
      apply Rle_trans with (r' * (1 - (share / 2) ^ D * (1 - / r'))); [apply Rmult_le_compat_l; lra|].
      replace (r' * (1 - (share / 2) ^ D * (1 - / r'))) with (r' - (share / 2) ^ D * (r' - 1)) by (field; lra).
      unfold r', rate. simpl. right. ring.
Qed.

(* The reversed network has the inverse multipliers. *)
Definition inverse (mu : nat -> R) (k : nat) : R := / mu k.

Lemma cost_at_reversed : forall mu e, (forall k, 0 < mu k) -> cost_at (inverse mu) (reversed_term e) = cost_at mu e.
Proof.
  intros mu e H. unfold cost_at, inverse, reversed_term. simpl. unfold Rpower. rewrite !ln_Rinv by apply H.
  rewrite !Ropp_mult_distr_r_reverse, !exp_Ropp. assert (0 < exp (target_exponent e * ln (mu (target e)))) by apply exp_pos.
  assert (0 < exp (source_exponent e * ln (mu (source e)))) by apply exp_pos. field. lra.
Qed.

Lemma sides_reversed : forall P mu i, (forall k, 0 < mu k) ->
  input_cost (reversed P) (inverse mu) i = output_cost P mu i /\ output_cost (reversed P) (inverse mu) i = input_cost P mu i.
Proof.
  intros P mu i H. unfold input_cost, output_cost, reversed. simpl. rewrite !sum_over_map.
  split; apply sum_over_ext; intros e _; rewrite cost_at_reversed by exact H; reflexivity.
Qed.

Lemma inverse_multipliers : forall P mu, multipliers P mu -> multipliers (reversed P) (inverse mu).
Proof.
  intros P mu [H1 H2]. split; [intros i; apply Rinv_0_lt_compat, H1|]. intros i Hi. unfold inverse. rewrite (H2 i Hi). apply Rinv_1.
Qed.

Lemma distance_reversed : forall P n i, distance P n i -> distance (reversed P) n i.
Proof.
  intros P n i H. induction H as [n i Hi|n i j Hj _ IH]; [apply distance_ground; exact Hi|].
  apply distance_joined with j; [apply joined_reversed; exact Hj|exact IH].
Qed.

(* How far ratios to the balanced multipliers are from 1, above and below, falls in D passes to at most the part 1 - (share/2)^D: from any start,
   in any order that makes passes. D is how many synapses the units are from the ground at most; every non-zero synapse has at least
   the given share of the cost of its unit in balance. *)
Theorem linear_rate : forall P best r share,
  plain P -> well_formed P -> balanced P best -> 1 < r -> 0 < share <= 1 -> has_share P best share ->
  forall D order mu passes,
    (forall t, In (order t) (hidden P)) -> multipliers P (mu O) -> (forall t, balances P (order t) (mu t) (mu (S t))) ->
    all_grounded P -> (0 < D)%nat -> (forall i, In i (hidden P) -> distance P D i) -> passes_on P order passes ->
    (forall k, / r * best k <= mu O k <= r * best k) ->
    0 < rate share D < 1 /\
    forall m t, (passes (m * D)%nat <= t)%nat -> forall k,
      / (1 + rate share D ^ m * (r - 1)) * best k <= mu t k <= (1 + rate share D ^ m * (r - 1)) * best k.
Proof.
  intros P best r share Hp Hwf Hbest Hr Hs Hshare D order mu passes Horder Hstart Hstep Hg HD Hdist Hpasses Hb.
  assert (Hq := rate_range share D Hs HD). split; [exact Hq|]. intros m t Ht k.
  assert (Hall : forall t, multipliers P (mu t)).
  { induction t0 as [|s IH]; [exact Hstart|]. apply (balances_multipliers P (order s) (mu s)); auto. }
  split.
  2:{ apply (rate_from_above P best r share Hp Hwf Hbest Hr Hs Hshare D order mu passes); auto. intros j. apply Hb. }
  assert (Pm : 0 < mu t k) by apply Hall. assert (Pb : 0 < best k) by apply Hbest.
  assert (H : inverse (mu t) k <= (1 + rate share D ^ m * (r - 1)) * inverse best k).
  { apply (rate_from_above (reversed P) (inverse best) r share) with (order := order) (passes := passes) (mu := fun t => inverse (mu t)); auto.
    - intros e He. simpl in He. apply in_map_iff in He. destruct He as (d & <- & Hd). destruct (Hp d Hd). simpl. auto.
    - apply well_formed_reversed. exact Hwf.
    - split; [apply inverse_multipliers, Hbest|]. intros i Hi. destruct (sides_reversed P best i (proj1 (proj1 Hbest))) as [-> ->].
      symmetry. apply Hbest. exact Hi.
    - intros i e Hi He Hc Hside. simpl in He. apply in_map_iff in He. destruct He as (d & <- & Hd).
      rewrite cost_at_reversed by apply Hbest. rewrite (proj1 (sides_reversed P best i (proj1 (proj1 Hbest)))), <- (proj2 Hbest i Hi).
      apply (Hshare i d Hi Hd Hc). destruct Hside as [H|H]; [right|left]; exact H.
    - apply inverse_multipliers. exact Hstart.
    - intros s. destruct (Hstep s) as (H1 & H2 & H3). split; [|split].
      + intros j Hj. unfold inverse. rewrite (H1 j Hj). reflexivity.
      + apply Rinv_0_lt_compat. exact H2.
      + destruct (sides_reversed P (mu (S s)) (order s) (proj1 (Hall (S s)))) as [-> ->]. symmetry. exact H3.
    - apply all_grounded_reversed. exact Hg.
    - intros i Hi. apply distance_reversed. apply Hdist. exact Hi.
    - intros j. unfold inverse. destruct (Hb j) as [H1 _]. assert (0 < best j) by apply Hbest.
      assert (0 < / r) by (apply Rinv_0_lt_compat; lra). replace (r * / best j) with (/ (/ r * best j)) by (field; lra).
      apply Rinv_le_contravar; [apply Rmult_lt_0_compat; assumption|exact H1]. }
  set (x := 1 + rate share D ^ m * (r - 1)) in *. assert (1 < x) as Hx by (unfold x; assert (0 < rate share D ^ m) by (apply pow_lt; lra); nra).
  unfold inverse in H. apply (Rmult_le_compat_r (mu t k * best k)) in H; [|left; apply Rmult_lt_0_compat; assumption].
  replace (/ mu t k * (mu t k * best k)) with (best k) in H by (field; lra).
  replace (x * / best k * (mu t k * best k)) with (x * mu t k) in H by (field; lra).
  apply Rmult_le_reg_l with x; [lra|]. rewrite <- Rmult_assoc, Rinv_r by lra. lra.
Qed.
