(* The minimum is attained if and only if every synapse of non-zero cost (self-connections aside) lies on a directed cycle of the
   coalesced graph. Exactly one exists: a circulation that is at least 1 on every non-zero synapse, or a direction that raises no cost and
   lowers one. If it is not attained, the infimum is reached in the limit in which the synapses on no cycle vanish, and no output
   changes.

   Corrected: The minimum is attained if and only if every synapse of non-zero cost (self-connections aside) lies on a directed cycle of the
   coalesced graph, and exactly one of circulation and direction exists. If it is not attained, the infimum is reached in the limit in which the
   synapses on no cycle vanish. No output changes in acyclic networks, nor in recurrent ones from initial state 0; from others a
   unit that nothing feeds can pass its state on through a synapse that vanishes.

   Units of degree 1: the two exponents of a term are equal; any finite list of such terms, so mixtures and ties as well. It is not
   asked that hidden units reach the ground. no_output_changes and a_state_is_passed_on speak of whole networks.

   attained_certificate, not_attained_certificate and limit_certificate are the rules `attained`, `not_attained` and the first half of
   `limit_enclosure` of the kernel (kernel/src/check/existence.rs, comparison.rs); the last two hold for any positive degrees too. Its
   circulations are at least 1 on every non-zero synapse; here it is enough that they are positive. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
From Synbal Require finite_sums activations networks learning vanishing_synapses energy energy_minima energy_attained.
From Synbal Require Import balancing_problem convexity box_solution coercive minima cycles comparison_principle.
Import ListNotations.
Open Scope R_scope.

Lemma grounded_or_not : forall P e,
  In e (terms P) -> 0 < cost e -> (grounded P (source e) <-> grounded P (target e)).
Proof.
  intros P e Hin Hc. split; intros H.
  - apply grounded_joined with (source e); [|exact H]. exists e. auto.
  - apply grounded_joined with (target e); [|exact H]. exists e. auto.
Qed.

(* One unit of each component away from the ground may stay as it is. *)
Lemma coercive_attained_anywhere : forall n P,
  (length (hidden P) <= n)%nat -> well_formed P -> homogeneous P -> coercive P -> exists x, stationary P x.
Proof.
  induction n as [|n IH]; intros P Hlen Hwf Hhom Hc.
  { apply coercive_attained; auto. intros i Hi. destruct (hidden P); [contradiction|simpl in Hlen; lia]. }
  destruct (classic (all_grounded P)) as [Hg|Hg]; [apply coercive_attained; assumption|].
  apply not_all_ex_not in Hg. destruct Hg as (v & Hv). apply imply_to_and in Hv. destruct Hv as [Hv Hng].
  pose (free := remove Nat.eq_dec v (hidden P)).
  assert (incl free (hidden P)) as Hincl by (intros i Hi; apply in_remove in Hi; tauto).
  pose (Q := Problem free (terms P)).
  assert (exists x, stationary Q x) as (x & Hx & Hb).
  { apply IH; auto.
    - simpl. assert (length free < length (hidden P))%nat by (apply remove_length_lt; exact Hv). lia.
    - split; [|apply Hwf]. simpl. unfold free.
      rewrite <- remove_alt. apply NoDup_filter. apply Hwf.
    - intros level e Hin Hpos. destruct (Hc level e Hin Hpos) as (K & HK). exists K. intros x [Hx Hx'].
      apply HK. split; [|exact Hx']. intros i Hi. apply Hx. intros Hf. apply Hi, Hincl, Hf. }
  exists x. assert (forall i, In i free -> input P x i = output P x i) as Hbf by exact Hb.
  split.
  - intros i Hi. apply Hx. intros Hf. apply Hi, Hincl, Hf.
  - intros i Hi. destruct (Nat.eq_dec i v) as [->|Hne]; [|apply Hbf; apply in_in_remove; assumption].
    apply (fixed_unit_balances P free v); auto.
    destruct (indicator (grounded P) (hidden P)) as (d & Hout & Hin). exists d.
    assert (forall k, (grounded P k -> d k = 0) /\ (~ grounded P k -> d k = 1)) as Hval.
    { intros k. destruct (in_dec Nat.eq_dec k (hidden P)) as [Hk|Hk]; [auto|].
      split; [intros _; auto|intros H; exfalso; apply H; apply grounded_visible; exact Hk]. }
    split; [exact Hout|]. split; [|split].
    + intros e He Hpos. unfold slope. rewrite (Hhom e He). destruct (grounded_or_not P e He Hpos) as [G1 G2].
      destruct (Hval (source e)) as [S1 S2], (Hval (target e)) as [T1 T2].
      destruct (classic (grounded P (source e))) as [Hs|Hs]; [rewrite S1, T1 by auto|rewrite S2, T2 by auto]; ring.
    + rewrite (proj2 (Hval v)) by exact Hng. lra.
    + intros u Hu Hdu. apply in_in_remove; [exact Hu|].
      destruct (in_dec Nat.eq_dec u (hidden P)) as [|Hno]; [assumption|]. exfalso. apply Hdu. apply Hout. exact Hno.
Qed.

Theorem attained_certificate : forall P flow,
  well_formed P -> homogeneous P \/ all_grounded P -> circulation P flow -> attained P.
Proof.
  intros P flow Hwf Hor Hc. assert (Hco := circulation_coercive P flow Hwf Hc).
  apply stationary_attained; [exact Hwf|]. destruct Hor as [Hhom|Hg].
  - apply (coercive_attained_anywhere (length (hidden P))); auto.
  - apply coercive_attained; assumption.
Qed.

Definition added (x : nat -> R) (h : R) (d : nat -> R) (i : nat) : R := x i + h * d i.

Lemma slope_added : forall x h d e, slope (added x h d) e = slope x e + h * slope d e.
Proof. intros. unfold slope, added. ring. Qed.

Theorem not_attained_certificate : forall P d,
  well_formed P -> falling P d -> (exists e, In e (terms P) /\ 0 < cost e /\ slope d e < 0) -> ~ attained P.
Proof.
  intros P d Hwf [Hd Hs] (e & Hin & Hc & He) (mu & Hmu & Hmin).
  assert (Hx := potential_log P mu Hmu).
  assert (potential P (added (log_of mu) 1 d)) as Hy.
  { intros i Hi. unfold added. rewrite (Hx i Hi), (Hd i Hi). ring. }
  assert (H := Hmin (exp_of (added (log_of mu) 1 d)) (multipliers_exp P _ Hy)).
  rewrite total_of_exp, regularizer_log in H. apply (Rle_not_lt _ _ H). apply sum_over_lt with e; [|exact Hin|].
  - intros f Hf. destruct (proj2 Hwf f Hf) as ([Hcf|Hcf] & _); [|unfold term_at; rewrite <- Hcf; lra].
    apply term_at_le; [exact (proj2 Hwf f Hf)|]. rewrite slope_added. specialize (Hs f Hf Hcf). lra.
  - unfold term_at. apply Rmult_lt_compat_l; [exact Hc|]. apply exp_increasing. rewrite slope_added. lra.
Qed.

(** The limit *)

Lemma sum_over_filter : forall (l : list term) keep f,
  sum_over (filter keep l) f = sum_over l (fun e => if keep e then f e else 0).
Proof.
  induction l as [|e l IH]; intros keep f; simpl; [reflexivity|]. rewrite <- IH.
  destruct (keep e); simpl; lra.
Qed.

Definition kept (P : problem) (keep : term -> bool) : problem := Problem (hidden P) (filter keep (terms P)).

(* The infimum of P is the minimum of the kept terms: the others come as close to 0 as one likes while the kept ones stay. *)
Definition reached_in_the_limit (P : problem) (keep : term -> bool) (best : nat -> R) : Prop :=
  (forall mu, multipliers P mu -> regularizer (kept P keep) best <= regularizer P mu) /\
  forall e, 0 < e -> exists mu, multipliers P mu /\
    regularizer P mu < regularizer (kept P keep) best + e /\
    forall f, In f (terms P) -> if keep f then cost_at mu f = cost_at best f else cost_at mu f < e.

Theorem limit_certificate : forall P d keep best,
  well_formed P -> falling P d ->
  (forall e, In e (terms P) -> 0 < cost e -> (keep e = true <-> slope d e = 0)) ->
  minimum (kept P keep) best ->
  reached_in_the_limit P keep best.
Proof.
  intros P d keep best Hwf [Hd Hs] Hkeep [Hbest Hmin].
  assert (forall f mu, In f (terms P) -> 0 <= cost_at mu f) as Hpos.
  { intros f mu Hf. rewrite cost_at_log. apply term_at_nonneg. apply Hwf. exact Hf. }
  split.
  - intros mu Hmu. apply Rle_trans with (regularizer (kept P keep) mu); [apply Hmin; exact Hmu|].
    unfold regularizer, kept. simpl. rewrite sum_over_filter. apply sum_over_le.
    intros f Hf. specialize (Hpos f mu Hf). destruct (keep f); lra.
  - intros e He.
    pose (x := log_of best). pose (small := e / (INR (length (terms P)) + 1)).
    assert (Hlen := pos_INR (length (terms P))).
    assert (0 < small) as Hsmall by (apply Rdiv_lt_0_compat; lra).
    assert (Hxp := potential_log (kept P keep) best Hbest).
    destruct (uniform_bound (terms P) (fun f K => forall h, K <= h -> keep f = false -> term_at (added x h d) f < small))
      as (h & Hh & Hall).
    + intros f a b H Hab h Hbh Hk. apply H; [lra|exact Hk].
    + intros f Hf. destruct (proj2 Hwf f Hf) as ([Hc|Hc] & _).
      2:{ exists 0. intros h _ _. unfold term_at. rewrite <- Hc. lra. }
      destruct (Req_dec (slope d f) 0) as [Hz|Hz].
      { exists 0. intros h _ Hk. apply (Hkeep f Hf Hc) in Hz. congruence. }
      assert (slope d f < 0) as Hneg by (specialize (Hs f Hf Hc); lra).
      exists ((ln (small / cost f) - 1 - slope x f) / slope d f). intros h Hh _.
      unfold term_at. rewrite slope_added.
      apply Rmult_lt_reg_l with (/ cost f); [apply Rinv_0_lt_compat; exact Hc|].
      rewrite <- Rmult_assoc, Rinv_l, Rmult_1_l by lra.
      rewrite <- (exp_ln (/ cost f * small)).
      2:{ apply Rmult_lt_0_compat; [apply Rinv_0_lt_compat; exact Hc|exact Hsmall]. }
      apply exp_increasing. rewrite (Rmult_comm (/ cost f) small). fold (small / cost f).
      assert (h * slope d f <= ln (small / cost f) - 1 - slope x f); [|lra].
      replace (ln (small / cost f) - 1 - slope x f)
        with ((ln (small / cost f) - 1 - slope x f) / slope d f * slope d f) by (field; lra).
      set (h0 := (ln (small / cost f) - 1 - slope x f) / slope d f) in *. nra.
    + assert (small <= e) as Hse.
      { unfold small. apply Rmult_le_reg_r with (INR (length (terms P)) + 1); [lra|].
        unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. nra. }
      assert (forall f, In f (terms P) ->
        if keep f then cost_at (exp_of (added x h d)) f = cost_at best f else cost_at (exp_of (added x h d)) f < small) as Hterm.
      { intros f Hf. rewrite !cost_at_log. rewrite (term_at_ext (log_of (exp_of (added x h d))) (added x h d)) by apply log_exp.
        destruct (keep f) eqn:Hk.
        - destruct (proj2 Hwf f Hf) as ([Hc|Hc] & _); [|unfold term_at; rewrite <- Hc; ring].
          apply (Hkeep f Hf Hc) in Hk. unfold term_at. rewrite slope_added, Hk. do 2 f_equal. unfold x. ring.
        - apply (Hall f Hf); [lra|exact Hk]. }
      exists (exp_of (added x h d)). split; [|split].
      * apply multipliers_exp. intros i Hi. unfold added, x. rewrite (Hxp i Hi), (Hd i Hi). ring.
      * unfold regularizer, kept. simpl. rewrite sum_over_filter.
        apply Rle_lt_trans with (sum_over (terms P) (fun f => (if keep f then cost_at best f else 0) + small)).
        { apply sum_over_le. intros f Hf. specialize (Hterm f Hf). destruct (keep f); lra. }
        rewrite sum_over_plus. apply Rplus_lt_compat_l.
        assert (forall l : list term, sum_over l (fun _ => small) = INR (length l) * small) as Hconst.
        { induction l as [|f l IHl]; [simpl; ring|]. change (length (f :: l)) with (S (length l)). rewrite S_INR. simpl. rewrite IHl. ring. }
        rewrite Hconst. replace e with ((INR (length (terms P)) + 1) * small) by (unfold small; field; lra). lra.
      * intros f Hf. specialize (Hterm f Hf). destruct (keep f); lra.
Qed.

Lemma kept_path : forall P keep i j,
  (forall e, In e (terms P) -> 0 < cost e -> (keep e = true <-> on_cycle P e)) ->
  path P i j -> path P j i -> path (kept P keep) i j.
Proof.
  intros P keep i j Hkeep H. induction H as [i|i m j Hi Hm _ IH|e j Hin Hc Hp IH]; intros Hback.
  - apply path_here.
  - apply path_ground with m; auto. apply IH. apply path_trans with i; [exact Hback|].
    apply path_ground with m; [exact Hi|exact Hm|apply path_here].
  - assert (path P (target e) (source e)) as Hcyc by (apply path_trans with j; assumption).
    apply path_term; [|exact Hc|].
    + apply filter_In. split; [exact Hin|]. apply Hkeep; assumption.
    + apply IH. apply path_trans with (source e); [exact Hback|apply path_of_term; assumption].
Qed.

(* One direction for all terms on no cycle: the sum of one for each. *)
Lemma direction_of_all : forall P, well_formed P -> homogeneous P ->
  exists d, falling P d /\ forall e, In e (terms P) -> 0 < cost e -> ~ on_cycle P e -> slope d e < 0.
Proof.
  intros P Hwf Hhom.
  assert (forall l, incl l (terms P) -> exists d, falling P d /\
    forall e, In e l -> 0 < cost e -> ~ on_cycle P e -> slope d e < 0) as Hsum.
  { induction l as [|e l IH]; intros Hl.
    - exists (fun _ => 0). split; [split; [intros i _; reflexivity|intros e _ _; unfold slope; lra]|intros e []].
    - destruct IH as (d & [Hd Hds] & Hall); [intros f Hf; apply Hl; right; exact Hf|].
      assert (In e (terms P)) as Hin by (apply Hl; left; reflexivity).
      destruct (classic (0 < cost e /\ ~ on_cycle P e)) as [[Hc Hno]|Hyes].
      + destruct (off_cycle_falls P e Hwf Hhom Hin Hc Hno) as (d' & [Hd' Hds'] & He).
        exists (added d 1 d'). split; [split|].
        * intros i Hi. unfold added. rewrite (Hd i Hi), (Hd' i Hi). ring.
        * intros f Hf Hcf. rewrite slope_added. specialize (Hds f Hf Hcf). specialize (Hds' f Hf Hcf). lra.
        * intros f Hf Hcf Hnf. rewrite slope_added. destruct Hf as [<-|Hf].
          { specialize (Hds e Hin Hc). lra. }
          specialize (Hall f Hf Hcf Hnf). specialize (Hds' f (Hl f (or_intror Hf)) Hcf). lra.
      + exists d. split; [split; assumption|]. intros f [<-|Hf] Hcf Hnf; [tauto|auto]. }
  apply (Hsum (terms P) (incl_refl _)).
Qed.

Theorem existence : forall P,
  well_formed P -> homogeneous P ->
  let circulates := exists flow, circulation P flow in
  let falls := exists d, falling P d /\ exists e, In e (terms P) /\ 0 < cost e /\ slope d e < 0 in
  (attained P <-> all_on_cycles P) /\
  (attained P <-> circulates) /\
  (~ attained P <-> falls) /\
  (forall keep, (forall e, In e (terms P) -> 0 < cost e -> (keep e = true <-> on_cycle P e)) ->
     exists best, minimum (kept P keep) best /\ reached_in_the_limit P keep best).
Proof.
  intros P Hwf Hhom circulates falls.
  assert (all_on_cycles P -> attained P) as H1.
  { intros H. apply stationary_attained; [exact Hwf|].
    apply (coercive_attained_anywhere (length (hidden P))); auto. apply cycles_coercive; assumption. }
  assert (~ all_on_cycles P -> falls) as H2.
  { intros H. apply not_all_ex_not in H. destruct H as (e & H). apply imply_to_and in H. destruct H as [Hin H].
    apply imply_to_and in H. destruct H as [Hc H].
    destruct (off_cycle_falls P e Hwf Hhom Hin Hc H) as (d & Hd & Hs). exists d. split; [exact Hd|]. exists e. auto. }
  assert (falls -> ~ attained P) as H3.
  { intros (d & Hd & He). apply (not_attained_certificate P d); assumption. }
  assert (circulates <-> attained P) as H4.
  { split.
    - intros (flow & Hf). apply (attained_certificate P flow); auto.
    - intros H. apply stationary_attained in H; [|exact Hwf]. destruct H as (x & Hx).
      exists (map (fun e => (e, term_at x e)) (terms P)). apply stationary_circulation; assumption. }
  assert (attained P -> all_on_cycles P) as H5.
  { intros H. apply NNPP. intros Hno. apply (H3 (H2 Hno) H). }
  split; [split; assumption|]. split; [tauto|]. split.
  { split; [|exact H3]. intros H. apply H2. tauto. }
  intros keep Hkeep.
  assert (well_formed (kept P keep)) as Hwk.
  { split; [apply Hwf|]. intros e He. apply filter_In in He. apply Hwf. apply He. }
  assert (homogeneous (kept P keep)) as Hhk.
  { intros e He. apply filter_In in He. apply Hhom. apply He. }
  assert (attained (kept P keep)) as (best & Hbest).
  { apply stationary_attained; [exact Hwk|].
    apply (coercive_attained_anywhere (length (hidden P))); auto. apply cycles_coercive; auto.
    intros e He Hc. simpl in He. apply filter_In in He. destruct He as [He Hk].
    apply (Hkeep e He Hc) in Hk. apply kept_path; [exact Hkeep|exact Hk|apply path_of_term; assumption]. }
  exists best. split; [exact Hbest|].
  destruct (direction_of_all P Hwf Hhom) as (d & Hd & Hall).
  apply (limit_certificate P d keep best); auto.
  intros e He Hc. specialize (Hkeep e He Hc). split.
  - intros Hk. apply (on_cycle_constant P d e); auto. apply Hkeep. exact Hk.
  - intros Hz. apply Hkeep. apply NNPP. intros Hno. specialize (Hall e He Hc Hno). lra.
Qed.

(** Outputs *)

Section Outputs.

Import activations networks learning.

(* A network of BiLUs `units` among units of any activation; synapse k goes from `from k` to `to k`. Where the synapses on no cycle of the
   coalesced graph are taken out, no other unit's value changes, at any step, if those of `units` begin at 0. *)
Theorem no_output_changes :
  forall n is_source act m from to (units : list nat) (w cut : nat -> R),
    NoDup units -> (forall i, In i units -> is_source i = false /\ is_bilu (act i)) ->
    let synapse k := Term (from k) (to k) (Rabs (w k)) 1 1 in
    let P := Problem units (map synapse (seq 0 m)) in
    (forall k, (k < m)%nat -> w k <> 0 -> (on_cycle P (synapse k) /\ cut k = w k) \/ (~ on_cycle P (synapse k) /\ cut k = 0)) ->
    (forall k, (k < m)%nat -> w k = 0 -> cut k = 0) ->
    forall x initial, (forall i, In i units -> initial i = 0) ->
    forall t i, (i < n)%nat -> ~ In i units ->
      run (net n is_source act m from to cut) x initial t i = run (net n is_source act m from to w) x initial t i.
Proof.
  intros n is_source act m from to units w cut Hn Hunits synapse P Hcut Hzero x initial H0 t i Hi Hout.
  assert (Hwf : well_formed P).
  { split; [exact Hn|]. intros e He. apply in_map_iff in He. destruct He as (k & <- & _). unfold well_formed_term. simpl.
    assert (H := Rabs_pos (w k)). repeat split; lra. }
  assert (Hhom : balancing_problem.homogeneous P) by (intros e He; apply in_map_iff in He; destruct He as (k & <- & _); reflexivity).
  destruct (direction_of_all P Hwf Hhom) as (d & (Hpot & Hfall) & Hstrict).
  assert (Hin : forall k, (k < m)%nat -> In (synapse k) (terms P)) by (intros k Hk; apply (in_map synapse); apply in_seq; lia).
  assert (Hslope : forall k, slope d (synapse k) = d (to k) - d (from k)) by (intros k; unfold slope; simpl; ring).
  rewrite <- (proj2 (vanishing_synapses.values_tend n is_source act m from to units w d Hunits Hpot
    ltac:(intros k Hk Hw; rewrite <- Hslope; apply Hfall; [apply Hin; exact Hk|apply Rabs_pos_lt; exact Hw]) x initial H0 t i Hi) Hout).
  apply (run_weight_ext n is_source); [|exact Hi]. intros a b _ _. apply finite_sums.sum_ext. intros k Hk.
  destruct (Nat.eqb (to k) a && Nat.eqb (from k) b)%bool; [|reflexivity].
  unfold vanishing_synapses.kept_weight. rewrite <- Hslope.
  destruct (Req_dec (w k) 0) as [Hw|Hw].
  - rewrite (Hzero k Hk Hw), Hw. destruct (Req_EM_T (slope d (synapse k)) 0); reflexivity.
  - assert (Hpos : 0 < cost (synapse k)) by (apply Rabs_pos_lt; exact Hw).
    destruct (Hcut k Hk Hw) as [(Hc & ->)|(Hc & ->)]; destruct (Req_EM_T (slope d (synapse k)) 0) as [E|E]; try reflexivity; exfalso.
    + apply E. apply (on_cycle_constant P); auto. split; assumption.
    + specialize (Hstrict (synapse k) (Hin k Hk) Hpos Hc). lra.
Qed.

(* So in networks without cycles, whose values `forward` gives. *)
Corollary no_output_changes_without_cycles :
  forall n is_source act m from to (units : list nat) (w cut : nat -> R),
    NoDup units -> (forall i, In i units -> is_source i = false /\ is_bilu (act i)) ->
    let synapse k := Term (from k) (to k) (Rabs (w k)) 1 1 in
    let P := Problem units (map synapse (seq 0 m)) in
    (forall k, (k < m)%nat -> w k <> 0 -> (on_cycle P (synapse k) /\ cut k = w k) \/ (~ on_cycle P (synapse k) /\ cut k = 0)) ->
    (forall k, (k < m)%nat -> w k = 0 -> cut k = 0) ->
    forall x i, (i < n)%nat -> ~ In i units ->
      forward (net n is_source act m from to cut) x i = forward (net n is_source act m from to w) x i.
Proof. intros. unfold forward. apply (no_output_changes n is_source act m from to units w cut); auto. Qed.

(* From other initial values the output may change: 0 -> 1, unit 0 linear and fed by nothing, unit 1 the output. The synapse is on no
   cycle; with weight 1 the first output is the initial value of unit 0, without the synapse it is 0. *)
Theorem a_state_is_passed_on :
  let P := Problem [0%nat] [Term 0 1 1 1 1] in
  let passing w := net 2 (fun _ => false) (fun _ z => z) 1 (fun _ => 0%nat) (fun _ => 1%nat) (fun _ => w) in
  ~ on_cycle P (Term 0 1 1 1 1) /\
  forall x initial, run (passing 1) x initial 1 1%nat = initial 0%nat /\ run (passing 0) x initial 1 1%nat = 0.
Proof.
  intros P passing. split.
  - intros H. assert (Hno : forall i j, path P i j -> i <> 0%nat -> j <> 0%nat).
    { intros i j Hp. induction Hp as [i|i k j Hi Hk Hp IH|e j He Hc Hp IH]; intros Hne.
      - exact Hne.
      - apply IH. intros ->. apply Hk. left. reflexivity.
      - destruct He as [<-|[]]. exfalso. apply Hne. reflexivity. }
    apply (Hno _ _ H); [discriminate|reflexivity].
  - intros x initial. unfold passing. simpl. unfold step. simpl. split; ring.
Qed.

End Outputs.

(** The rules of the kernel for units of any degree, 0 and below too

    A problem of the kernel is a list of terms whose costs rise with the exponents a_e in the logarithms of the multipliers
    (general/energy.v): those of nonzero cost are listed once each, and `lowest` is the minimum over all multipliers. *)

Theorem attained_by_a_circulation : forall (P : energy.powers) y,
  energy.positive_costs P -> NoDup (energy.counted P) ->
  (forall e, In e (energy.counted P) -> 0 < y e) -> energy.circulates P y -> exists x, energy.lowest P x.
Proof. exact energy_attained.circulation_attains. Qed.

Theorem not_attained_by_a_direction : forall (P : energy.powers) d,
  energy.positive_costs P ->
  (forall e, In e (energy.counted P) -> energy.form P d e <= 0) ->
  (exists e, In e (energy.counted P) /\ energy.form P d e < 0) -> ~ exists x, energy.lowest P x.
Proof. intros P d HP Hle Hlt. apply (energy_attained.falling_not_attained P d HP). split; assumption. Qed.

(* The limit: a direction that falls exactly on what is not kept, and a minimum of what is kept. *)
Theorem limit_by_a_direction : forall (P : energy.powers) d keep best,
  energy.positive_costs P ->
  (forall e, In e (energy.counted P) -> energy.form P d e <= 0) ->
  (forall e, In e (energy.counted P) -> (keep e = true <-> energy.form P d e = 0)) ->
  energy.lowest (energy_minima.kept_powers P keep) best ->
  energy_attained.infimum P (energy.whole (energy_minima.kept_powers P keep) best) /\
  forall a, 0 < a -> exists x, forall e, In e (energy.counted P) ->
    if keep e then energy.amount P x e = energy.amount P best e else energy.amount P x e < a.
Proof.
  intros P d keep best HP Hle Hkeep Hbest.
  assert (Hpos : forall x e, In e (energy.counted P) -> 0 < energy.amount P x e) by (intros; apply energy.amount_positive; assumption).
  assert (Hmoved : forall h e, energy.amount P (fun v => best v + h * d v) e = energy.amount P best e * exp (h * energy.form P d e)).
  { intros h e. rewrite energy_attained.amount_sum. f_equal. f_equal. unfold energy.form. rewrite <- finite_sums.sum_scale.
    apply finite_sums.sum_ext. intros v _. ring. }
  assert (Hsmall : forall a, 0 < a -> exists h, 0 <= h /\ forall e, In e (energy.counted P) -> keep e = false ->
    energy.amount P (fun v => best v + h * d v) e < a).
  { intros a Ha. destruct (uniform_bound (energy.counted P) (fun e K => forall h, K <= h -> keep e = false ->
      energy.amount P (fun v => best v + h * d v) e < a)) as (h & Hh & Hall).
    - intros e b c H Hbc h Hch Hk. apply H; [lra|exact Hk].
    - intros e He. destruct (keep e) eqn:Hk; [exists 0; intros; discriminate|].
      assert (Hf : energy.form P d e < 0).
      { assert (H := Hle e He). destruct (Req_dec (energy.form P d e) 0) as [Hz|Hz]; [|lra]. apply (Hkeep e He) in Hz. congruence. }
      assert (Hb := Hpos best e He). exists ((ln (a / energy.amount P best e) - 1) / energy.form P d e). intros h Hh _.
      rewrite Hmoved. apply (Rmult_lt_reg_l (/ energy.amount P best e)); [apply Rinv_0_lt_compat; exact Hb|].
      rewrite <- Rmult_assoc, Rinv_l, Rmult_1_l by lra.
      assert (Hq : 0 < a / energy.amount P best e) by (apply Rdiv_lt_0_compat; assumption).
      replace (/ energy.amount P best e * a) with (exp (ln (a / energy.amount P best e))) by (rewrite exp_ln by exact Hq; unfold Rdiv; ring).
      apply exp_increasing. set (l := ln (a / energy.amount P best e)) in *. set (f := energy.form P d e) in *.
      assert (h * f <= (l - 1) / f * f) by nra. replace ((l - 1) / f * f) with (l - 1) in H by (field; lra). lra.
    - exists h. split; [exact Hh|]. intros e He. apply (Hall e He). lra. }
  assert (Hsame : forall h e, In e (energy.counted P) -> keep e = true -> energy.amount P (fun v => best v + h * d v) e = energy.amount P best e).
  { intros h e He Hk. rewrite Hmoved. apply (Hkeep e He) in Hk. rewrite Hk, Rmult_0_r, exp_0. ring. }
  assert (Hwhole : forall x, energy.whole (energy_minima.kept_powers P keep) x = sum_over (energy.counted P) (fun e => if keep e then energy.amount P x e else 0)).
  { intros x. unfold energy.whole. simpl. rewrite energy_minima.sum_over_kept. reflexivity. }
  split; [split|].
  - intros x. apply Rle_trans with (1 := Hbest x). rewrite Hwhole. apply sum_over_le. intros e He.
    assert (H := Hpos x e He). destruct (keep e); lra.
  - intros a Ha. assert (Hlen := energy_attained.length_nonneg (energy.counted P)). set (k := energy_attained.length_of (energy.counted P)) in *.
    destruct (Hsmall (a / (k + 1))) as (h & _ & Hh); [apply Rdiv_lt_0_compat; lra|].
    exists (fun v => best v + h * d v). rewrite Hwhole. unfold energy.whole.
    apply Rle_trans with (sum_over (energy.counted P) (fun e => (if keep e then energy.amount P best e else 0) + a / (k + 1) * 1)).
    + apply sum_over_le. intros e He. assert (0 < a / (k + 1)) by (apply Rdiv_lt_0_compat; lra). destruct (keep e) eqn:Hk.
      * rewrite Hsame by assumption. lra.
      * specialize (Hh e He Hk). lra.
    + rewrite sum_over_plus, sum_over_scale. fold (energy_attained.length_of (energy.counted P)). fold k. apply Rplus_le_compat_l.
      apply Rle_trans with (a / (k + 1) * (k + 1)); [apply Rmult_le_compat_l; [left; apply Rdiv_lt_0_compat; lra|lra]|right; field; lra].
  - intros a Ha. destruct (Hsmall a Ha) as (h & _ & Hh). exists (fun v => best v + h * d v). intros e He.
    destruct (keep e) eqn:Hk; [apply Hsame; assumption|apply Hh; assumption].
Qed.
