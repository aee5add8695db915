(* Along a direction that raises no weight, the weights that fall can be taken for 0: from initial values 0 of the units concerned no
   other unit's value changes, at any step. *)

From Coq Require Import Reals List Lra Lia.
From Synbal Require Import finite_sums activations networks learning.
Open Scope R_scope.

Lemma bilu_lipschitz : forall a b x y, Rabs (bilu a b x - bilu a b y) <= (Rabs a + Rabs b) * Rabs (x - y).
Proof.
  intros a b x y. assert (Ha := Rabs_pos a). assert (Hb := Rabs_pos b). assert (Hxy := Rabs_pos (x - y)).
  unfold bilu. destruct (Rlt_dec x 0), (Rlt_dec y 0).
  - rewrite <- Rmult_minus_distr_l, Rabs_mult. nra.
  - apply Rle_trans with (Rabs a * Rabs x + Rabs b * Rabs y).
    + apply Rle_trans with (Rabs (a * x) + Rabs (- (b * y))); [apply Rabs_triang|]. rewrite Rabs_Ropp, !Rabs_mult. lra.
    + assert (Rabs x <= Rabs (x - y)) by (rewrite !Rabs_left; lra).
      assert (Rabs y <= Rabs (x - y)) by (rewrite (Rabs_right y), (Rabs_left (x - y)); lra). nra.
  - apply Rle_trans with (Rabs b * Rabs x + Rabs a * Rabs y).
    + apply Rle_trans with (Rabs (b * x) + Rabs (- (a * y))); [apply Rabs_triang|]. rewrite Rabs_Ropp, !Rabs_mult. lra.
    + assert (Rabs x <= Rabs (x - y)) by (rewrite (Rabs_right x), (Rabs_right (x - y)); lra).
      assert (Rabs y <= Rabs (x - y)) by (rewrite (Rabs_left y), (Rabs_right (x - y)); lra). nra.
  - rewrite <- Rmult_minus_distr_l, Rabs_mult. nra.
Qed.

Lemma bilu_limit : forall f u l, is_bilu f -> Un_cv u l -> Un_cv (fun s => f (u s)) (f l).
Proof.
  intros f u l (a & b & Hf) H e He. assert (Ha := Rabs_pos a). assert (Hb := Rabs_pos b).
  destruct (H (e / (Rabs a + Rabs b + 1))) as (N & HN); [apply Rdiv_lt_0_compat; lra|].
  exists N. intros s Hs. specialize (HN s Hs). unfold R_dist in *. rewrite !Hf.
  apply Rle_lt_trans with (1 := bilu_lipschitz a b (u s) l).
  apply Rle_lt_trans with ((Rabs a + Rabs b + 1) * Rabs (u s - l)); [assert (Hp := Rabs_pos (u s - l)); nra|].
  apply (Rmult_lt_compat_l (Rabs a + Rabs b + 1)) in HN; [|lra].
  replace ((Rabs a + Rabs b + 1) * (e / (Rabs a + Rabs b + 1))) with e in HN by (field; lra). exact HN.
Qed.

Lemma constant_limit : forall c, Un_cv (fun _ => c) c.
Proof. intros c e He. exists O. intros. unfold R_dist. replace (c - c) with 0 by ring. rewrite Rabs_R0. lra. Qed.

Lemma sum_limit : forall k (f : nat -> nat -> R) g, (forall j, (j < k)%nat -> Un_cv (fun s => f s j) (g j)) -> Un_cv (fun s => sum k (f s)) (sum k g).
Proof.
  intros k f g H. induction k as [|k IH]; simpl; [apply constant_limit|].
  apply (CV_plus (fun s => sum k (f s)) (fun s => f s k)); [apply IH; intros; apply H; lia|apply H; lia].
Qed.

Lemma limit_ext : forall u v l, (forall s, u s = v s) -> Un_cv u l -> Un_cv v l.
Proof. intros u v l E H e He. destruct (H e He) as (N & HN). exists N. intros s Hs. rewrite <- E. auto. Qed.

(* exp (s q) for q < 0 *)
Lemma falling_limit : forall q, q < 0 -> Un_cv (fun s => exp (INR s * q)) 0.
Proof.
  intros q Hq e He. destruct (archimed_cor1 (- q * e)) as (N & HN & HN0); [apply Rmult_lt_0_compat; lra|].
  exists N. intros s Hs. unfold R_dist. rewrite Rminus_0_r, Rabs_right by (left; apply exp_pos).
  assert (Hs0 : 0 < INR s) by (apply lt_0_INR; lia).
  assert (HNR : 0 < INR N) by (apply lt_0_INR; exact HN0).
  assert (A : 1 + INR s * (- q) < exp (INR s * (- q))) by (apply exp_ineq1; nra).
  replace (INR s * q) with (- (INR s * - q)) by ring. rewrite exp_Ropp.
  assert (B : INR s * - q > / e).
  { assert (INR N <= INR s) by (apply le_INR; exact Hs).
    assert (C : / e < INR N * - q).
    { apply (Rmult_lt_reg_r e); [exact He|]. rewrite Rinv_l by lra.
      apply (Rmult_lt_compat_l (INR N)) in HN; [|exact HNR]. rewrite Rinv_r in HN by lra. nra. }
    nra. }
  rewrite <- (Rinv_inv e). apply Rinv_lt_contravar; [|lra].
  apply Rmult_lt_0_compat; [apply Rinv_0_lt_compat; exact He|apply exp_pos].
Qed.

Section Cut.
Variables (n : nat) (is_source : nat -> bool) (act : nat -> R -> R) (m : nat) (from to : nat -> nat) (units : list nat) (w d : nat -> R).
Hypothesis Hunits : forall i, In i units -> is_source i = false /\ is_bilu (act i).
Hypothesis Hpot : forall i, ~ In i units -> d i = 0.
Hypothesis Hfalls : forall k, (k < m)%nat -> w k <> 0 -> d (to k) - d (from k) <= 0.

Definition kept_weight (k : nat) : R := if Req_EM_T (d (to k) - d (from k)) 0 then w k else 0.
Let L (s i : nat) : R := exp (INR s * d i).
Let ws (s : nat) : nat -> R := scaled_weights from to (L s) w.

Lemma weights_tend : forall k, (k < m)%nat -> Un_cv (fun s => ws s k) (kept_weight k).
Proof.
  intros k Hk. apply limit_ext with (fun s => w k * exp (INR s * (d (to k) - d (from k)))).
  - intros s. unfold ws, scaled_weights, L. rewrite Rmult_minus_distr_l. unfold Rminus. rewrite exp_plus, exp_Ropp. unfold Rdiv. ring.
  - unfold kept_weight. destruct (Req_EM_T (d (to k) - d (from k)) 0) as [E|E].
    + apply limit_ext with (fun _ => w k); [|apply constant_limit]. intros s. rewrite E, Rmult_0_r, exp_0. ring.
    + destruct (Req_dec (w k) 0) as [Z|Z].
      * rewrite Z. apply limit_ext with (fun _ => 0); [intros; ring|apply constant_limit].
      * replace 0 with (w k * 0) by ring. apply (CV_mult (fun _ => w k)); [apply constant_limit|].
        apply falling_limit. specialize (Hfalls k Hk Z). lra.
Qed.

Lemma matrix_tends : forall i j, Un_cv (fun s => weight (net n is_source act m from to (ws s)) i j)
  (weight (net n is_source act m from to kept_weight) i j).
Proof.
  intros i j. simpl. apply sum_limit. intros k Hk. destruct (Nat.eqb (to k) i && Nat.eqb (from k) j)%bool;
    [apply weights_tend; exact Hk|apply constant_limit].
Qed.

Lemma values_tend : forall x initial, (forall i, In i units -> initial i = 0) ->
  forall t i, (i < n)%nat ->
    Un_cv (fun s => L s i * run (net n is_source act m from to w) x initial t i)
      (run (net n is_source act m from to kept_weight) x initial t i) /\
    (~ In i units -> run (net n is_source act m from to kept_weight) x initial t i = run (net n is_source act m from to w) x initial t i).
Proof.
  intros x initial H0. induction t as [|t IH]; intros i Hi.
  - simpl. split; [|reflexivity]. apply limit_ext with (fun _ => initial i); [|apply constant_limit]. intros s. unfold L.
    destruct (in_dec Nat.eq_dec i units) as [Hin|Hout]; [rewrite H0 by exact Hin; ring|].
    rewrite Hpot by exact Hout. rewrite Rmult_0_r, exp_0. ring.
  - set (N := net n is_source act m from to). cbn [run]. unfold step. cbn [networks.source networks.activation networks.units N net].
    destruct (is_source i) eqn:Hs.
    + assert (Hout : ~ In i units) by (intros Hin; destruct (Hunits i Hin); congruence).
      split; [|reflexivity]. apply limit_ext with (fun _ => x t i); [|apply constant_limit].
      intros s. unfold L. rewrite Hpot by exact Hout. rewrite Rmult_0_r, exp_0. ring.
    + pose (pre := fun v : nat -> R => sum n (fun j => weight (N v) i j * (if is_source j then x t j else run (N v) x initial t j))).
      assert (Hlimit : Un_cv (fun s => L s i * pre w) (pre kept_weight)).
      { apply limit_ext with (fun s => sum n (fun j => weight (N (ws s)) i j * (if is_source j then x t j else L s j * run (N w) x initial t j))).
        - intros s. unfold pre. rewrite <- sum_scale. apply sum_ext. intros j _. unfold N, ws. rewrite net_of_scaled_weights.
          assert (HL : 0 < L s j) by apply exp_pos.
          destruct (is_source j) eqn:Hj; [|field; lra].
          assert (Hout : ~ In j units) by (intros Hin; destruct (Hunits j Hin); congruence).
          replace (L s j) with 1; [field|]. unfold L. rewrite Hpot by exact Hout. rewrite Rmult_0_r, exp_0. reflexivity.
        - unfold pre. apply sum_limit. intros j Hj.
          apply (CV_mult (fun s => weight (N (ws s)) i j)); [apply matrix_tends|].
          destruct (is_source j); [apply constant_limit|apply IH; exact Hj]. }
      destruct (in_dec Nat.eq_dec i units) as [Hin|Hout].
      * split; [|intros; contradiction]. destruct (Hunits i Hin) as (_ & Hb).
        apply limit_ext with (fun s => act i (L s i * pre w)); [|apply bilu_limit; [exact Hb|exact Hlimit]].
        intros s. destruct Hb as (a & b & Hf). rewrite !Hf. apply bilu_homogeneous. apply exp_pos.
      * assert (Hone : forall s, L s i = 1) by (intros s; unfold L; rewrite Hpot by exact Hout; rewrite Rmult_0_r; apply exp_0).
        assert (E : pre kept_weight = pre w).
        { apply (UL_sequence (fun s => L s i * pre w)); [exact Hlimit|].
          apply limit_ext with (fun _ => pre w); [intros s; rewrite Hone; ring|apply constant_limit]. }
        split; [|intros _; exact (f_equal (act i) E)].
        apply limit_ext with (fun _ => act i (pre w)); [intros s; rewrite Hone; unfold pre; simpl; ring|].
        rewrite <- E. apply constant_limit.
Qed.
End Cut.
