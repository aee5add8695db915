(* The minimum is attained if and only if every synapse of non-zero cost (self-connections aside) lies on a directed cycle of the
   coalesced graph. Exactly one exists: a circulation that is at least 1 on every non-zero synapse, or a direction that raises no cost and
   lowers one. If it is not attained, the infimum is reached in the limit in which the synapses on no cycle vanish, and no output
   changes.

   Corrected: The minimum is attained if and only if every synapse of non-zero cost (self-connections aside) lies on a directed cycle of the
   coalesced graph, and exactly one of circulation and direction exists. If it is not attained, the infimum is reached in the limit in which the
   synapses on no cycle vanish. No output changes in acyclic networks, nor in recurrent ones from initial state 0; from others a
   unit that nothing feeds can pass its state on through a synapse that vanishes.

   Units of degree 1: the two exponents of a term are equal; any finite list of such terms, so mixtures and ties as well. It is not
   asked that hidden units reach the ground. What outputs do is not part of this file.

   attained_certificate, not_attained_certificate and limit_certificate are the rules `attained`, `not_attained` and the first half of
   `limit_enclosure` of the kernel (kernel/src/check/existence.rs, comparison.rs); the last two hold for any positive degrees too. Its
   circulations are at least 1 on every non-zero synapse; here it is enough that they are positive. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
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
  (* One direction for all terms on no cycle: the sum of one for each. *)
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
  destruct (Hsum (terms P) (incl_refl _)) as (d & Hd & Hall).
  apply (limit_certificate P d keep best); auto.
  intros e He Hc. specialize (Hkeep e He Hc). split.
  - intros Hk. apply (on_cycle_constant P d e); auto. apply Hkeep. exact Hk.
  - intros Hz. apply Hkeep. apply NNPP. intros Hno. specialize (Hall e He Hc Hno). lra.
Qed.
